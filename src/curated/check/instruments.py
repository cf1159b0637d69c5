"""The instruments of a package: declared, or implied by its files."""

from __future__ import annotations

from collections.abc import Mapping

from curated.check.file import FileReport
from curated.check.reader import read_file
from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem, brief, limited
from curated.package.config import CONFIG_FILE
from curated.package.instrument import Instrument, parse_instrument
from curated.package.package import Package
from curated.text.reader import read_text
from curated.text.yaml.reader import load_yaml, yaml_locator


def read_instruments(package: Package, report: Report) -> dict[str, Instrument]:
    """Read the ``instrument.yaml`` files; what is wrong with them goes into the report."""
    declared = {}
    for directory, path in package.layout.instruments.items():
        if not path:
            continue
        data = read_file(package.files, path)
        text, problems = read_text(data) if isinstance(data, bytes) else (None, [data])
        tree, problems = load_yaml(text) if text is not None else (None, problems)
        if not problems:
            tree = (
                {**tree, **package.config.instruments.get(directory, {})} if isinstance(tree, dict) else tree
            )
            declared[directory], problems = parse_instrument(tree, directory)
        locate = yaml_locator(text or "")
        report.diagnostics += [
            Diagnostic.from_problem(p, path, *locate(p.pointer)) for p in limited(problems)
        ]
    report.diagnostics += _unused_overrides(package)
    return declared


def _unused_overrides(package: Package) -> list[Diagnostic]:
    """Return what ``curated.yaml`` says about instruments that there are not."""
    unknown = [name for name in package.config.instruments if name not in package.layout.instruments]
    if not unknown:
        return []
    data = read_file(package.files, CONFIG_FILE)
    locate = yaml_locator(data.decode("utf-8", errors="replace") if isinstance(data, bytes) else "")
    known = ", ".join(package.layout.instruments) or "none"
    problems = [
        Problem("CAL005", ("instruments", name), f"instrument {brief(name)} is not one of {known}")
        for name in unknown
    ]
    return [Diagnostic.from_problem(p, CONFIG_FILE, *locate(p.pointer)) for p in limited(problems)]


def complete_instruments(
    package: Package, reports: Mapping[str, FileReport], declared: Mapping[str, Instrument]
) -> dict[str, Instrument]:
    """Return the declared instruments, and those that the files imply, by directory."""
    # Who only reports findings seldom comes here.
    from curated.package.evidence import infer_instrument

    found = {}
    by_directory: dict[str, list[FileReport]] = {}
    for file in package.layout.files:
        by_directory.setdefault(file.key.instrument, []).append(reports[file.path])
    for directory in package.layout.instruments:
        known = declared.get(directory)
        if known is None:
            facts = (r.facts() for r in by_directory.get(directory, ()))
            known = infer_instrument(directory, facts)
            override = package.config.instruments.get(directory, {})
            if override:
                known = merge_override(known, override)
        found[directory] = known
    return found


def merge_override(instrument: Instrument, override: Mapping[str, object]) -> Instrument:
    """Return an inferred instrument with what ``curated.yaml`` says about it."""
    said, _ = parse_instrument({"name": instrument.name, **override}, instrument.directory)
    return Instrument(
        name=said.name,
        directory=instrument.directory,
        detectors={**instrument.detectors, **said.detectors},
        filters={**instrument.filters, **said.filters},
        class_name=said.class_name,
        visit_max=said.visit_max,
        exposure_max=said.exposure_max,
        visit_system=said.visit_system,
        expected=said.expected,
        utc_offset=said.utc_offset,
    )
