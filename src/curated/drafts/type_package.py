"""Draft of a Python package that declares a calibration type of its own."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass, fields
from textwrap import dedent

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.units import fits_unit
from curated.core.version import __version__
from curated.provenance.record import Provenance
from curated.registry import find_type

EXAMPLE = "20200101T000000.yaml"
"""Name of the example in a draft."""

_NAME = re.compile(r"[a-z](?:[a-z0-9_]{0,40}[a-z0-9])?")
_QUANTITY = re.compile(r"[a-z][A-Za-z0-9]{0,40}")
_ENTRIES = frozenset({"metadata", "units", "provenance", *(part.name for part in fields(Provenance))})
"""Entries of every text that are no quantities."""
_KEY_COLUMN = "AMPLIFIER"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a new type, with a value for each amplifier.

    Parameters
    ----------
    name : `str`
        Attribute and key in the text, such as ``decayTime``.
    unit : `str`
        Unit; empty for a plain number.
    """

    name: str
    unit: str = ""

    @property
    def column(self) -> str:
        """Its column in FITS and ECSV: ``DECAY_TIME``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).upper()


def parse_quantity(text: str) -> Quantity:
    """Return the quantity of a text such as ``decayTime=s``.

    Raises
    ------
    CuratedError
        If the name cannot be that of an attribute, or the unit is not known.
    """
    import astropy.units as u

    name, _, unit = text.partition("=")
    quantity = Quantity(name, unit)
    if not _QUANTITY.fullmatch(name) or keyword.iskeyword(name):
        raise CuratedError(
            f"{name!r} cannot be the name of a quantity",
            "write it like decayTime=s: letters and digits, a small letter first, and after '=' the unit",
        )
    if name in _ENTRIES or hasattr(Calib, name) or quantity.column == _KEY_COLUMN:
        raise CuratedError(
            f"{name!r} is something else of every calibration, and cannot be the name of a quantity",
            "choose a name that says more, such as decayTime=s",
        )
    try:
        u.Unit(fits_unit(unit))
    except (ValueError, TypeError) as error:
        raise CuratedError(f"{unit!r} is not a unit", "write it as astropy does: electron, s, nm") from error
    return quantity


def draft_type_package(
    name: str, quantities: tuple[Quantity, ...], *, distribution: str = "", title: str = ""
) -> dict[str, str]:
    """Return the files of a Python package that declares a calibration type, by their paths.

    It can be installed as it is: ``pip install -e DIR``. The type has a value of each quantity for each amplifier, an
    example, and a test.

    Parameters
    ----------
    name : `str`
        Name of the type, such as ``persistence``.
    distribution : `str`, optional
        Name of the distribution; ``curated-<name>`` if it is not given.
    title : `str`, optional
        One line that says what the type is.

    Raises
    ------
    CuratedError
        If the type exists, or a name cannot be one.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or keyword.iskeyword(class_name(name)):
        raise CuratedError(
            f"{name!r} cannot be the name of a type",
            "a lower-case word of letters, digits and '_', such as persistence",
        )
    existing = find_type(name)
    if existing is not None:
        raise CuratedError(
            f"{name!r} is a calibration type already: {existing.SPEC.title}",
            f"'curated types {existing.SPEC.name}' describes it; choose another name for a type of your own",
        )
    distribution = distribution or f"curated-{name.replace('_', '-')}"
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,60}[A-Za-z0-9])?", distribution):
        raise CuratedError(
            f"{distribution!r} cannot be the name of a distribution", "such as curated-persistence"
        )
    if not quantities:
        raise CuratedError("a type needs a quantity", "name one, such as decayTime=s")
    repeated = {q.column for q in quantities if sum(q.column == other.column for other in quantities) > 1}
    if repeated:
        raise CuratedError(
            f"the column {min(repeated)} would be there twice", "give quantities different names"
        )
    package = distribution.lower().replace("-", "_").replace(".", "_")
    if not package.isidentifier() or keyword.iskeyword(package) or _is_taken(package):
        raise CuratedError(
            f"{distribution!r} would install the module {package!r}, which is no name for one or that of another package",
            "such as curated-persistence",
        )
    title = title or name.replace("_", " ").capitalize()
    if not title.isprintable() or '"' in title or "\\" in title or len(title) > 100:
        raise CuratedError(
            f"{title[:100]!r} is no title", "one line of at most 100 characters, without quotes"
        )
    return {
        "README.md": _readme(name, distribution, package, title),
        "pyproject.toml": _pyproject(name, distribution, package, title),
        f"src/{package}/__init__.py": f'"""Calibration types of {distribution}."""\n',
        f"src/{package}/py.typed": "",
        f"src/{package}/{name}.py": _module(name, package, title, quantities),
        f"tests/{EXAMPLE}": _example(name, quantities),
        f"tests/test_{name}.py": _test(name),
    }


def _is_taken(package: str) -> bool:
    """Say whether a module is Python's, curated's, or that of a distribution that declares no types."""
    from importlib.metadata import entry_points, packages_distributions

    if package in sys.stdlib_module_names or package == "curated":
        return True
    declaring = {entry.dist.name for entry in entry_points(group="curated.types") if entry.dist is not None}
    return not declaring.issuperset(packages_distributions().get(package, ()))


def class_name(name: str) -> str:
    """Return the name of a type's class: ``WavefrontMap`` for ``wavefront_map``."""
    return "".join(word.capitalize() for word in name.split("_") if word)


def _pyproject(name: str, distribution: str, package: str, title: str) -> str:
    return dedent(
        f'''\
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "{distribution}"
        version = "0.1.0"
        description = "{title}, as a calibration type of curated"
        readme = "README.md"
        requires-python = ">=3.11"
        dependencies = ["curated-calibs>={__version__}"]

        # curated finds the type by this entry point, under the type's name.
        [project.entry-points."curated.types"]
        {name} = "{package}.{name}:{class_name(name)}"

        [tool.hatch.build.targets.wheel]
        packages = ["src/{package}"]
        '''
    )


def _module(name: str, package: str, title: str, quantities: tuple[Quantity, ...]) -> str:
    head = dedent(
        f'''\
        """{title}."""

        from __future__ import annotations

        from typing import ClassVar

        from curated.calib import Calib, calibration
        from curated.declare import FITS_TABLES, PlotSpec, Spec, Table, column


        @calibration
        class {class_name(name)}(Calib):
            """{title}."""

            SPEC: ClassVar = Spec(
                name="{name}",
                title="{title}",
                obstype="{name}",
                dimensions=("instrument", "detector"),
                # Without a class of the stack, Butler gives its users a table.
                storage_class=FITS_TABLES,
                calibcls="{package}.{name}.{class_name(name)}",
                forms=("yaml", "ecsv", "json"),
                tables=(Table(name="AMPLIFIERS", rows="key", key_column="{_KEY_COLUMN}"),),
                plot=PlotSpec(kind="bars", y="{quantities[0].name}"),
            )
        '''
    )
    fields = []
    for quantity in quantities:
        lines = [f"    {quantity.name}: dict[str, float] = column(", '        "f8",']
        lines.append(f'        column="{quantity.column}",')
        if quantity.unit:
            lines.append(f'        unit="{quantity.unit}",')
        lines += ['        doc="FILL IN: one sentence that says what it is.",', "    )"]
        fields.append("\n".join(lines))
    return head + "\n" + "\n".join(fields) + "\n"


def _example(name: str, quantities: tuple[Quantity, ...]) -> str:
    lines = [
        "# Values of two amplifiers, invented; replace them by measured ones.",
        "metadata:",
        "  INSTRUME: Example",
        f"  OBSTYPE: {name}",
        "  CALIBDATE: 2020-01-01T00:00:00",
        "  DETECTOR: 0",
        "  DET_NAME: d00",
    ]
    lines += [f"{quantity.name}: {{C00: 1.0, C01: 1.5}}" for quantity in quantities]
    return "\n".join(lines) + "\n"


def _test(name: str) -> str:
    return dedent(
        f'''\
        """The declaration of `{name}`, and an example on its way through text and FITS."""

        from pathlib import Path

        from curated.registry import get_type
        from curated.schema.declarations import declaration_faults, example_faults

        EXAMPLE = Path(__file__).parent / "{EXAMPLE}"


        def test_declaration():
            assert declaration_faults(get_type("{name}")) == []


        def test_example():
            assert example_faults(get_type("{name}"), EXAMPLE) == []
        '''
    )


def _readme(name: str, distribution: str, package: str, title: str) -> str:
    return dedent(
        f"""\
        # {distribution}

        {title}, as a calibration type of `curated`.

            pip install -e .
            curated types --check {name} --example tests/{EXAMPLE}

        `src/{package}/{name}.py` declares the type: reader, writer, FITS form, JSON Schema, plot and check follow from it.
        A package of calibrations that uses it says so in its `curated.yaml`:

            types:
              {name}: {distribution}
        """
    )
