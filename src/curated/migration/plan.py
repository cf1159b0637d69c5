"""A source as the files of a new package, with an account of what became of each entry."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from curated.check.package import check_package
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, brief
from curated.core.times import iso
from curated.datasets.names import is_instrument
from curated.drafts.instrument import instrument_text
from curated.exchange.addition import SOURCE_FILE, SOURCE_HASH, AddRequest, plan_addition
from curated.exchange.foreign import open_foreign
from curated.exchange.placement import Names
from curated.migration.document import account_text
from curated.migration.names import detector_numbers
from curated.migration.ranges import Epoch, resolve_epochs
from curated.migration.recognition import survey_source
from curated.migration.result import ADDED, BESIDE, LISTED, Migration, Outcome
from curated.migration.survey import Note, Product, SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree, open_source
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name
from curated.package.package import open_package

FOREIGN = "foreign"
"""Directory of files that did not become calibrations."""

_TITLES = {
    "gen2": "a Gen2 calibration registry",
    "caldb": "a CALDB index",
    "desi": "DESI's calibration YAML",
    "pypeit": "associations of PypeIt",
    "masks": "masks and lists of bad pixels",
}

_LARGEST_FILE, _LARGEST_TOTAL = 256 << 20, 2 << 30
"""Bytes of a file that is copied beside, and of all files of a migration, which are written together."""


def plan_migration(source: str | os.PathLike[str], kind: str, options: SourceOptions) -> Migration:
    """Read a source and make the files of a package of it; nothing is written.

    Parameters
    ----------
    kind : `str`
        Kind of the source; empty for that of its content.

    Raises
    ------
    CuratedError
        If there is no source, its kind is not clear, or the instrument has no name.
    """
    tree = open_source(source)
    name = os.path.basename(os.path.abspath(os.fspath(source)))
    try:
        survey = survey_source(tree, kind, options)
    except SourceError as error:
        finding = Diagnostic.from_problem(error.problem, error.file or ".")
        return Migration(kind=kind, source=name, diagnostics=(finding,))
    with tempfile.TemporaryDirectory() as directory:
        return _Planner(tree, survey, options, Path(directory)).plan(name)


class _Planner:
    """Makes the files of a package one after the other."""

    def __init__(self, tree: SourceTree, survey: Survey, options: SourceOptions, directory: Path) -> None:
        self._tree, self._survey, self._options = tree, survey, options
        self._notes = list(survey.notes)
        self._instrument = _instrument(survey, options)
        self._contents = _frame(self._instrument, survey)
        self._root = directory
        _write(directory, self._contents)
        self._package = open_package(directory)
        self._total = 0
        self._copies: dict[str, str] = {}

    def plan(self, source: str) -> Migration:
        """Return the migration."""
        outcomes = [outcome for group in self._groups() for outcome in self._group(group)]
        order = {id(product): number for number, product in enumerate(self._survey.products)}
        outcomes.sort(key=lambda outcome: order[id(outcome.product)])
        for index in self._survey.indices:
            self._copy(index)
        _write(self._root, self._contents)
        report = check_package(open_package(self._root), jobs=1, use_cache=False)
        migration = Migration(
            kind=self._survey.kind,
            source=source,
            instrument=self._instrument,
            contents=self._contents,
            outcomes=tuple(outcomes),
            diagnostics=tuple(sorted(Diagnostic.from_problem(n.problem, n.file) for n in self._notes)),
            findings=tuple(report.diagnostics),
            unread=sum(note.entries for note in self._notes),
        )
        contents = {**self._contents, "MIGRATION.md": account_text(migration).encode()}
        return replace(migration, contents=dict(sorted(contents.items())))

    def _groups(self) -> Iterable[list[Product]]:
        """Return the products of each key; those without a type are each alone."""
        groups: dict[tuple[object, ...], list[Product]] = {}
        for number, product in enumerate(self._survey.products):
            key: tuple[object, ...] = (
                product.type,
                directory_name(product.detector),
                directory_name(product.filter),
            )
            groups.setdefault(key if product.type else (number,), []).append(product)
        return groups.values()

    def _group(self, products: list[Product]) -> Iterable[Outcome]:
        left_out = [product for product in products if self._is_left_out(product)]
        for product in left_out:
            yield self._keep(product, "--select chose other products", "CAL736")
        excluded = set(map(id, left_out))
        if not products[0].type:
            for product in products:
                if id(product) not in excluded:
                    yield self._keep(
                        product, f"there is no calibration type for {brief(product.kind)}", "CAL733"
                    )
            return
        usable = [product for product in products if id(product) not in excluded]
        current = [product for product in usable if product.deprecation is None]
        epochs, conflicts = resolve_epochs(current, latest_wins=self._survey.latest_wins)
        for conflict in conflicts:
            if conflict.chosen is None:
                detail = f"{conflict}, for different {', '.join(sorted(_differences(conflict.products)))}: nothing is in force then"
                hint = "choose with --select NAME=VALUE"
            else:
                detail = f"{conflict}: {conflict.chosen.label} is in force then"
                hint = "the source gives no single answer for these times; see which one was meant"
            self._note("CAL735", detail, hint, conflict.products[-1])
        yield from self._epochs(current, epochs)
        starts = {epoch.start for epoch in epochs}
        for product in usable:
            if product.deprecation is None:
                continue
            if product.start in starts:
                yield self._keep(
                    product, "it is out of use, and another one starts at the same time", "CAL735"
                )
                continue
            starts.add(product.start)
            added = self._add(product, Epoch(product, product.start, None), is_first=True)
            yield added if isinstance(added, Outcome) else Outcome(product, ADDED, tuple(added))

    def _is_left_out(self, product: Product) -> bool:
        chosen = {name.lower(): value for name, value in self._options.selection.items()}
        return any(chosen.get(name.lower(), value) != value for name, value in product.selectors.items())

    def _epochs(self, products: Sequence[Product], epochs: Sequence[Epoch]) -> Iterable[Outcome]:
        """Make the calibrations of one key, from the last one to the first."""
        paths: dict[int, list[str]] = {}
        failures: dict[int, Outcome] = {}
        following: Epoch | None = None
        for planned in reversed(epochs):
            epoch, product = planned, planned.product
            if following is not None and id(following.product) in failures:
                # The source would have used the next one, which is none now: the range must not go on into its own.
                epoch = replace(planned, until=planned.until or following.start)
            following = epoch
            if id(product) in failures:
                continue
            added = self._add(product, epoch, is_first=id(product) not in paths)
            if isinstance(added, Outcome):
                failures[id(product)] = added
            else:
                paths.setdefault(id(product), []).extend(added)
        for product in products:
            if id(product) in failures:
                yield failures[id(product)]
            elif id(product) in paths:
                yield Outcome(product, ADDED, tuple(sorted(paths[id(product)])))
            else:
                yield self._keep(product, "it is never in force: others are, or nothing is", "CAL735")

    def _add(self, product: Product, epoch: Epoch, *, is_first: bool) -> Outcome | list[str]:
        """Make a calibration of a product, and return its paths; where that fails its file is kept."""
        if not product.file:
            return Outcome(product, LISTED, (), "its file was not found")
        if not product.content and self._total + self._tree.size(product.file) > _LARGEST_TOTAL:
            detail = f"{product.label}: the migration has {self._total >> 20} MB already"
            self._note("CAL738", detail, "migrate parts of the source into packages of their own", product)
            return Outcome(product, LISTED, (), "there is too much for one migration")
        path = self._tree.locate(product.file)
        units = self._options.units
        keywords = _keywords(product, self._survey.kind)
        if product.content:
            keywords |= {SOURCE_FILE: product.file.rpartition("/")[2], SOURCE_HASH: open_foreign(path).sha256}
            path = str(self._root / "values")
            Path(path).write_bytes(product.content)
        request = AddRequest(
            file=path,
            type=product.type,
            start=epoch.start,
            end=epoch.until,
            names=Names(
                instrument=self._instrument.directory, detector=product.detector, filter=product.filter
            ),
            conventions=replace(
                self._options.conventions,
                hdu=product.hdu,
                units={**units.get("", {}), **units.get(product.kind, {})},
            ),
            keywords=keywords,
            is_of_set=True,
        )
        try:
            addition = plan_addition(self._package, request)
        except CuratedError as error:
            return self._keep(product, error.message, "CAL734", error.hint)
        if addition.failed:
            finding = next(finding for finding in addition.diagnostics if finding.is_error)
            return self._keep(product, f"{finding.code}: {finding.message}", "CAL734", finding.hint)
        for finding in addition.diagnostics:
            if is_first and finding.code.startswith("CAL7"):
                detail = f"{product.label}: {finding.message}"
                self._notes.append(Note(Problem(finding.code, (), detail, finding.hint), product.file))
        self._contents.update(addition.contents)
        self._total += sum(map(len, addition.contents.values()))
        return list(addition.contents)

    def _keep(self, product: Product, reason: str, code: str, hint: str = "") -> Outcome:
        """Copy the file of a product that becomes no calibration, and say why."""
        copy = self._copy(product.file) if product.file else ""
        where = f"; its file is {copy}" if copy else "; it is only listed"
        self._note(code, f"{product.label}: {reason}{where}", hint, product)
        return Outcome(product, BESIDE if copy else LISTED, (copy,) if copy else (), reason)

    def _copy(self, path: str) -> str:
        """Copy a file of the source beside the calibrations; return its path, or an empty one if it is too large."""
        if path in self._copies:
            return self._copies[path]
        fault = self._tree.fault(path)
        problem = Problem("CAL738", (), f"{brief(path)} is not copied: {fault}") if fault else None
        if problem is None and (not path.isprintable() or any(p.startswith(".") for p in path.split("/"))):
            problem = Problem("CAL738", (), f"{brief(path)} is not copied: it has no plain name", "rename it")
        if problem is None:
            size = self._tree.size(path)
            if size > _LARGEST_FILE or self._total + size > _LARGEST_TOTAL:
                detail = f"{brief(path)} is not copied: it has {size >> 20} MB, and {self._total >> 20} MB are copied already"
                problem = Problem("CAL738", (), detail, "keep the source, or copy it by hand")
        if problem is not None:
            self._notes.append(Note(problem, path))
            self._copies[path] = ""
            return ""
        content = self._tree.read(path, _LARGEST_FILE)
        self._total += len(content)
        self._copies[path] = f"{FOREIGN}/{path}"
        self._contents[self._copies[path]] = content
        return self._copies[path]

    def _note(self, code: str, detail: str, hint: str, product: Product) -> None:
        self._notes.append(Note(Problem(code, (), detail, hint, line=product.line or None), product.index))


def _differences(products: Sequence[Product]) -> set[str]:
    names = {name for product in products for name in product.selectors}
    return {name for name in names if len({product.selectors.get(name) for product in products}) > 1}


def _keywords(product: Product, kind: str) -> dict[str, str]:
    """Return the keywords of a calibration's origin, and its mark of deprecation."""
    keywords = {"SRCKIND": kind, "SRCENTRY": product.label, "SRCBEGIN": iso(product.start)}
    if product.end is not None:
        keywords["SRCEND"] = iso(product.end)
    for name, value in product.selectors.items():
        keywords[f"SRC_{name.upper()}"] = value
    return keywords | (product.deprecation.keywords() if product.deprecation is not None else {})


# -- the frame of the package ---------------------------------------------------------------------------


def _instrument(survey: Survey, options: SourceOptions) -> Instrument:
    name = options.instrument or survey.instrument
    if not name:
        raise CuratedError(
            "the source does not say which instrument its calibrations are of", "say it: --instrument NAME"
        )
    if not is_instrument(name) or len(name) > 32:
        raise CuratedError(
            f"{brief(name)} is no name for an instrument", "give another one: --instrument NAME"
        )
    numbers = dict(survey.detectors)
    if len(set(numbers.values())) != len(numbers):
        numbers = detector_numbers(numbers)
    detectors = {directory_name(name): Detector(id=number, name=name) for name, number in numbers.items()}
    offset = survey.utc_offset if options.utc_offset is None else options.utc_offset
    return Instrument(
        name=name,
        directory=name.lower(),
        detectors=dict(sorted(detectors.items(), key=lambda entry: entry[1].id)),
        filters={directory_name(name): Filter(name, name) for name in survey.filters},
        declared=True,
        utc_offset=offset,
    )


def _frame(instrument: Instrument, survey: Survey) -> dict[str, bytes]:
    """Return the settings of the package and of its instrument."""
    kind = _TITLES.get(survey.kind, survey.kind)
    text = instrument_text(instrument, kind).replace("'curated new instrument'", "'curated migrate'")
    settings = "# MIGRATION.md says where the calibrations come from.\ncalibs: calibs\n"
    return {
        "curated.yaml": settings.encode(),
        f"calibs/{instrument.directory}/instrument.yaml": text.encode(),
    }


def _write(root: Path, contents: Mapping[str, bytes]) -> None:
    for path, content in contents.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
