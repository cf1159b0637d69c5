"""Fuzz targets: one function for each reader, which accepts any bytes and asserts the properties that must always hold.

Any file is read and checked without an exception, each finding has a valid place in the file, and printed findings contain no
control sequences for terminals and no workflow commands. The first byte selects a type or a kind of file, so that one fuzzer
reaches all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime

from curated.check.file import check_file
from curated.check.report import FileReport
from curated.check.rules import RULES
from curated.check.rules.context import make_context
from curated.core.diagnostic import MAX_FINDINGS, Diagnostic
from curated.package.config import Config, parse_config
from curated.package.instrument import Instrument, parse_instrument
from curated.package.layout import discover
from curated.registry import all_types
from curated.report.github import annotation
from curated.report.text import excerpt, finding_line, printable
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml

# YAML has more line separators than ECSV and JSON.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ANNOTATION = re.compile(r"::(?:error|warning|notice) file=[^:,]*(?:,[a-z]+=[^:,]*)+::.*\Z")
_SIDE_OF = (
    b"metadata: {OBSTYPE: crosstalk, INSTRUME: cam, DETECTOR: 0, CALIBDATE: '2024-01-01T00:00:00'}\n"
    b"hasCrosstalk: true\nnAmp: 1\ncoeffs: [0.0]\n"
)


def read_yaml(data: bytes) -> None:
    """Read a calibration in YAML, of any type that has this form."""
    _calibration(data, "yaml")


def read_json(data: bytes) -> None:
    """Read a calibration in JSON."""
    _calibration(data, "json")


def read_ecsv(data: bytes) -> None:
    """Read a calibration in ECSV."""
    _calibration(data, "ecsv")


def read_settings(data: bytes) -> None:
    """Read a file of the package: ``curated.yaml``, ``instrument.yaml`` or ``.inputs.yaml``."""
    kind, data = data[:1], data[1:]
    if kind <= b"@":
        path = "cam/crosstalk/d00/20240101T000000"
        (file,) = discover([f"{path}.yaml", f"{path}.inputs.yaml"], "").files
        _, report = check_file(file, _SIDE_OF, side=data)
        _judge([d for d in report.diagnostics if d.file == file.side], data)
        return
    text = data.decode("utf-8", errors="replace")
    if kind <= b"`":
        _judge(list(parse_config(text).diagnostics), text.encode())
        return
    tree, problems = load_yaml(text)
    if not problems:
        instrument, problems = parse_instrument(tree, "cam")
        assert isinstance(instrument, Instrument)
    locate = yaml_locator(text)
    _judge([Diagnostic.from_problem(p, "x", *locate(p.pointer)) for p in problems[:1000]], text.encode())


def read_paths(data: bytes) -> None:
    """Read the paths of a package, one per line."""
    top = "calibs" if data[:1] > b"@" else ""
    paths = sorted(
        {f"calibs/{p}" if top else p for p in data[1:].decode(errors="surrogateescape").split("\n")}
    )
    layout = discover(paths, top)
    for path, problem in layout.problems:
        _judge([Diagnostic.from_problem(problem, path)], b"")
    for file in layout.files:
        assert file.path in paths
        assert isinstance(file.start, datetime) and file.start.tzinfo is None
    reports = {f.path: FileReport(f.path, f.key.detector, f.key.filter) for f in layout.files}
    context = make_context(layout, Config(), reports, {})
    assert context.ranges.keys() == reports.keys()
    _judge([Diagnostic.from_problem(problem, path) for rule in RULES for path, problem in rule(context)], b"")


READERS: dict[str, Callable[[bytes], None]] = {
    "yaml": read_yaml,
    "json": read_json,
    "ecsv": read_ecsv,
    "settings": read_settings,
    "paths": read_paths,
}
"""The readers by the name of the directory below tests/data/fuzz with their inputs."""


def types_of(form: str) -> list[str]:
    """Return the types that have a form; the first byte of an input is an index into this list."""
    return sorted(name for name, cls in all_types().items() if form in cls.SPEC.forms)


_TYPES = {form: types_of(form) for form in ("yaml", "json", "ecsv")}


def _calibration(data: bytes, form: str) -> None:
    types = _TYPES[form]
    kind = types[(data[0] if data else 0) % len(types)]
    spec = all_types()[kind].SPEC
    levels = ["cam", kind, *["d00"] * spec.has_detector, *["r"] * spec.has_filter]
    (file,) = discover(["/".join([*levels, f"20240101T000000.{form}"])], "").files
    _, report = check_file(file, data[1:])
    _judge(report.diagnostics, data[1:])
    json.dumps(report.keywords)
    if report.end:
        datetime.fromisoformat(report.end)


def _judge(diagnostics: Sequence[Diagnostic], data: bytes) -> None:
    """Assert that each finding has a valid place, and that all output formats can represent it."""
    lines = _LINE_END.split(data.decode("utf-8", errors="replace"))
    counts: dict[str, int] = {}
    for diagnostic in diagnostics:
        counts[diagnostic.code] = counts.get(diagnostic.code, 0) + 1
        # One line more, where something missing at the end is reported.
        assert 0 <= diagnostic.line <= len(lines) + 1, diagnostic
        assert diagnostic.column >= bool(diagnostic.line), diagnostic
        assert diagnostic.hint, diagnostic
        text = finding_line(diagnostic)
        assert text == printable(text) and len(text) < 6000, diagnostic
        assert _ANNOTATION.match(annotation(diagnostic)), diagnostic
        json.dumps(diagnostic.to_dict(), ensure_ascii=True)
        line = lines[diagnostic.line - 1] if 0 < diagnostic.line <= len(lines) else ""
        for part in excerpt(line, diagnostic.column):
            assert part == printable(part)
    # Each of two readers reports at most so many, and one finding with the number of others.
    assert all(count <= 2 * (MAX_FINDINGS + 1) or code.startswith("CAL0") for code, count in counts.items())
