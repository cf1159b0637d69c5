"""The instruments of a package: declared in ``instrument.yaml``, or inferred from the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from curated.check.report import FileReport
from curated.core.diagnostic import Diagnostic, Problem, brief, limited
from curated.package.config import CONFIG_FILE, as_written, load_setting
from curated.package.files import read_file
from curated.package.instrument import Instrument, parse_instrument
from curated.package.package import Package
from curated.package.settings.bounds import parse_bounds
from curated.text.reader import read_text
from curated.text.yaml.locator import yaml_locator


def read_instruments(package: Package) -> tuple[dict[str, Instrument], list[Diagnostic]]:
    """Read the ``instrument.yaml`` files of a package.

    Returns
    -------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    diagnostics : `list` [`Diagnostic`]
        Findings in these files, and in the overrides of ``curated.yaml``.

    Bounds that ``curated.yaml`` sets for an instrument without an ``instrument.yaml`` are there too, in an instrument
    that is not `~curated.package.instrument.Instrument.declared` and has nothing else.
    """
    declared: dict[str, Instrument] = {}
    diagnostics: list[Diagnostic] = []
    override_problems: list[Problem] = []
    for directory, path in package.layout.instruments.items():
        overrides = package.config.instruments.get(directory, {})
        bounds, problems = parse_bounds(dict(enumerate(overrides.get("bounds", ()))))
        override_problems += [
            replace(problem, pointer=("instruments", directory, *problem.pointer)) for problem in problems
        ]
        if not path:
            if bounds:
                declared[directory] = Instrument(directory, directory, bounds=bounds)
            continue
        data = read_file(package.files, path)
        text, problems = read_text(data) if isinstance(data, bytes) else (None, [data])
        tree, problems, misreadings = load_setting(text) if text is not None else (None, problems, [])
        if not problems:
            own_overrides = {key: value for key, value in overrides.items() if key != "bounds"}
            tree = {**tree, **own_overrides} if isinstance(tree, dict) else tree
            declared[directory], problems = parse_instrument(tree, directory)
            if "bounds" in overrides:
                declared[directory] = replace(declared[directory], bounds=bounds)
        locate = yaml_locator(text or "")
        problems = [as_written(problem, text or "") for problem in limited([*problems, *misreadings])]
        diagnostics += [Diagnostic.from_problem(p, path, *locate(p.pointer)) for p in problems]
    return declared, diagnostics + _override_findings(package, override_problems)


def _override_findings(package: Package, problems: Sequence[Problem]) -> list[Diagnostic]:
    """Return findings in ``curated.yaml``: problems of overrides, and overrides of instruments that do not exist."""
    unknown = [name for name in package.config.instruments if name not in package.layout.instruments]
    if not unknown and not problems:
        return []
    data = read_file(package.files, CONFIG_FILE)
    locate = yaml_locator(data.decode("utf-8", errors="replace") if isinstance(data, bytes) else "")
    names = ", ".join(package.layout.instruments) or "none"
    absent = [
        Problem("CAL005", ("instruments", name), f"instrument {brief(name)} is not one of {names}")
        for name in unknown
    ]
    return [
        Diagnostic.from_problem(problem, CONFIG_FILE, *locate(problem.pointer))
        for problem in limited([*absent, *problems])
    ]


def complete_instruments(
    package: Package, reports: Mapping[str, FileReport], declared: Mapping[str, Instrument]
) -> dict[str, Instrument]:
    """Return the declared instruments and, inferred from the reports of all files, the others, by directory."""
    # Most checks report findings and need no inferred instrument.
    from curated.package.evidence import infer_instrument

    reports_by_directory: dict[str, list[FileReport]] = {}
    for file in package.layout.files:
        reports_by_directory.setdefault(file.key.instrument, []).append(reports[file.path])
    instruments = {}
    for directory in package.layout.instruments:
        instrument = declared.get(directory)
        if instrument is None or not instrument.declared:
            facts = (report.facts() for report in reports_by_directory.get(directory, ()))
            instrument = infer_instrument(directory, facts)
            overrides = package.config.instruments.get(directory, {})
            instrument = _overridden(instrument, overrides) if overrides else instrument
        instruments[directory] = instrument
    return instruments


def _overridden(instrument: Instrument, overrides: Mapping[str, object]) -> Instrument:
    """Return an inferred instrument with the overrides of ``curated.yaml``."""
    override, _ = parse_instrument({"name": instrument.name, **overrides}, instrument.directory)
    is_named = "name" in overrides
    return Instrument(
        name=override.name,
        directory=instrument.directory,
        detectors={**instrument.detectors, **override.detectors},
        filters={**instrument.filters, **override.filters},
        class_name=override.class_name,
        visit_max=override.visit_max,
        exposure_max=override.exposure_max,
        detector_max=override.detector_max,
        visit_system=override.visit_system,
        expected=override.expected,
        bounds=override.bounds,
        max_age=override.max_age,
        limits=override.limits,
        utc_offset=override.utc_offset,
        headers=override.headers,
        match=override.match,
        inferred=() if is_named else instrument.inferred,
        aliases=() if is_named else instrument.aliases,
    )
