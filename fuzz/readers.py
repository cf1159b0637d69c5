"""Fuzz targets: one function for each reader, which accepts any bytes and asserts the properties that must always hold.

Any file is read and checked without an exception, each finding has a valid place in the file, and printed findings contain no
control sequences for terminals and no workflow commands. The first byte selects a type or a kind of file, so that one fuzzer
reaches all of them.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from curated.bundle.checks.file_headers import HeaderComparison
from curated.bundle.contents import Claims, Entry
from curated.bundle.export_file import export_parts
from curated.bundle.manifest_json import read_pieces
from curated.bundle.manifest_reader import check_manifest
from curated.check.file import check_file
from curated.check.report import FileReport
from curated.check.rules import RULES
from curated.check.rules.context import make_context
from curated.core.diagnostic import MAX_FINDINGS, CuratedError, Diagnostic, Problem, limited
from curated.export.butler_export import read_export
from curated.fits.digest import ContentDigest
from curated.package.config import Config, parse_config
from curated.package.instrument import Instrument, parse_instrument
from curated.package.layout import discover
from curated.registry import all_types
from curated.report.github import annotation
from curated.report.text import excerpt, finding_line, printable
from curated.text.yaml.locator import json_locator, yaml_locator
from curated.text.yaml.reader import load_yaml

# YAML has more line separators than ECSV and JSON.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ANNOTATION = re.compile(r"::(?:error|warning|notice) file=[^:,]*(?:,[a-z]+=[^:,]*)+::.*\Z")
_SIDE_OF = (
    b"metadata: {OBSTYPE: crosstalk, INSTRUME: cam, DETECTOR: 0, CALIBDATE: '2024-01-01T00:00:00'}\n"
    b"hasCrosstalk: true\nnAmp: 1\ncoeffs: [0.0]\n"
)

_MANIFEST = Path(__file__).parent / "manifest.json"
"""The manifest of a small bundle."""

_ENTRY = Entry(
    "defects",
    (("detector", 0), ("instrument", "Cam")),
    claims=Claims("2020-01-01T00:00:00Z", "", 1, None, "cam/x.ecsv", "1" * 40, "2" * 40),
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


def read_bundle_manifest(data: bytes) -> None:
    """Read a manifest: any text, or changes of a good one, a list of pairs of a place and a value."""
    kind, data = data[:1], data[1:]
    if kind > b"@":
        data = _changed_manifest(data)
    try:
        contents, problems = check_manifest(Path("bundle"), *read_pieces(io.BytesIO(data)))
    except ValueError:
        return
    locate = json_locator(data.decode("utf-8", "replace"))
    _judge([Diagnostic.from_problem(p, "x", *locate(p.pointer)) for p in limited(problems)], data)
    assert (contents is None) == bool(problems)
    if contents is None:
        return
    for dataset in contents.relabelled("v2").entries:
        assert dataset.is_reference or dataset.run.startswith(f"{dataset.instrument}/calib/v2/")
        assert (
            not {"", ".", ".."} & {*dataset.path.split("/"), *dataset.run.split("/")} or dataset.is_reference
        )
        assert dataset.span.begin < dataset.span.end
    kinds = [(kind.name, kind.dimensions, kind.storage_class) for kind in contents.kinds]
    if not contents.base:
        list(export_parts(contents.records, contents.doc, kinds, list(contents.exported())))


def _changed_manifest(data: bytes) -> bytes:
    manifest: Any = json.loads(_MANIFEST.read_text())
    try:
        changes = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for change in changes if isinstance(changes, list) else ():
        if not (isinstance(change, list) and len(change) == 2 and isinstance(change[0], list)):
            continue
        parent = manifest
        try:
            for key in change[0][:-1]:
                parent = parent[key]
            parent[change[0][-1]] = change[1]
        except (LookupError, TypeError):
            continue
    try:
        return json.dumps(manifest, allow_nan=True).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b""


def read_bundle_file(data: bytes) -> None:
    """Read a FITS file of a bundle in blocks, and compare its headers with a dataset."""
    step = 1 + (data[0] if data else 0) * 40
    comparison = HeaderComparison(_ENTRY, "0" * 40, "cam")
    digest = ContentDigest(comparison)
    for start in range(1, len(data), step):
        digest.update(data[start : start + step])
    whole = ContentDigest()
    whole.update(data[1:])
    assert digest.hexdigest() == whole.hexdigest()
    assert digest.is_whole == whole.is_whole
    assert len(comparison.problems) < 40
    _judge([Diagnostic.from_problem(Problem("CAL619", (), text), "x") for text in comparison.problems], b"")


def read_export_file(data: bytes) -> None:
    """Read an export file of Butler."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "export.yaml").write_bytes(data)
        try:
            holdings = read_export(directory)
        except CuratedError:
            return
    for datasets in holdings.certified:
        assert all(dataset.span.begin < dataset.span.end for dataset in datasets)


READERS: dict[str, Callable[[bytes], None]] = {
    "yaml": read_yaml,
    "json": read_json,
    "ecsv": read_ecsv,
    "settings": read_settings,
    "paths": read_paths,
    "manifest": read_bundle_manifest,
    "headers": read_bundle_file,
    "export": read_export_file,
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
