"""Hostile values in every place of a text: each ends in findings, quickly, and never in an exception."""

from __future__ import annotations

import time

import pytest

from curated.check.file import check_file
from curated.package.layout import discover

_BOMB = "[&a [1,1,1,1]" + "".join(
    f", &a{i} [{','.join(['*a' + (str(i - 1) if i else '')] * 9)}]" for i in range(12)
) + "]"  # fmt: skip

VALUES = {
    "an alias bomb": _BOMB,
    "a list in itself": "&a [*a]",
    "a mapping in itself": "&a {b: *a}",
    "lists in each other": "[" * 3000 + "]" * 3000,
    "mappings in each other": "{a: " * 2000 + "1" + "}" * 2000,
    "thousands of digits": "9" * 5000,
    "hundreds of digits": "1" + "0" * 400,
    "a float beyond all": "1.0e+99999",
    "an octal number without end": "0" + "7" * 3000,
    "a hexadecimal number without end": "0x" + "f" * 5000,
    "sixties without end": ":".join(["1"] * 3000),
    "digits and lines": "1" + "_0" * 2000,
    "a program": "!!python/object/apply:os.system ['id']",
    "a name of Python": "!!python/name:os.system",
    "a module of Python": "!!python/module:os",
    "an unknown tag": "!foo bar",
    "an unknown address": "!<tag:example.org,2000:y> {}",
    "bytes": "!!binary AAAA",
    "a set": "!!set {a, b}",
    "merged keys": "{<<: {a: 1}, b: 2}",
    "merged with itself": "&x {<<: *x}",
    "a list as key": "{[1, 2]: 3}",
    "a mapping as key": "{{a: 1}: 3}",
    "null as key": "{~: 1}",
    "NaN as key": "{.nan: 1, .nan: 2}",
    "a key twice": "{a: 1, a: 2}",
    "an equals sign": "=",
    "an object of astropy": "!astropy.time.Time {format: jd}",
    "an array of astropy": "!numpy.ndarray {buffer: !!binary AAAA, dtype: float64, shape: [99999999999]}",
    "an array of terabytes": "!!python/object/apply:numpy.core.multiarray._reconstruct {args: [], state: !!python/tuple "
    "[1, !!python/tuple [999999999999], !!python/object/apply:numpy.dtype {args: [f8, false, true], state: "
    "!!python/tuple [3, '<', null, null, null, -1, -1, 0]}, false, !!binary AAAA]}",
    "NUL": "'a\0b'",
    "a next line": "'a\x85b'",
    "half a surrogate": "'\ud800'",
    "another version of YAML": "%YAML 9.9",
    "a tab": "\t1",
    "a day that is none": "2024-13-45",
    "an hour that is none": "2024-01-01T99:99:99Z",
    "infinity": "[.inf]",
    "a long line": "'" + "x" * 100_000 + "'",
    "many anchors": "[" + ",".join(f"&a{i} 1" for i in range(2000)) + "]",
}  # fmt: skip

_COLUMNS = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in ("y0", "width", "height"))
_ECSV = (
    "# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: x0, {unit}datatype: int64}}\n"
    f"{_COLUMNS.replace('{', '{{').replace('}', '}}')}"
    "# meta: !!omap\n# - {{OBSTYPE: defects}}\n# - {{INSTRUME: cam}}\n# - {{DETECTOR: 0}}\n# - {{CALIBDATE: '2024-01-01'}}\n"
    "{meta}# schema: astropy-2.0\nx0 y0 width height\n{cell} 2 3 4\n"
)
_YAML = (
    "metadata: {{OBSTYPE: CROSSTALK, INSTRUME: cam, DETECTOR: 0, CALIBDATE: '2024-01-01'{meta}}}\n"
    "hasCrosstalk: true\nnAmp: 1\ncoeffs: {value}\n{more}"
)


def places(value: str) -> dict[str, tuple[str, str]]:
    """Return texts with a value in each place, by the name of the place: form and text."""
    line = value.replace("\n", " ")
    return {
        "value": ("yaml", _YAML.format(meta="", value=value, more="")),
        "keyword": ("yaml", _YAML.format(meta=f", X: {value}", value="[0.0]", more="")),
        "unit": ("yaml", _YAML.format(meta="", value="[0.0]", more=f"units: {{coeffs: {value}}}\n")),
        "key": ("yaml", _YAML.format(meta="", value="[0.0]", more=f"interChip: {{{value}: [0.0]}}\n")),
        "keyword of ECSV": ("ecsv", _ECSV.format(unit="", meta=f"# - {{X: {value}}}\n", cell=1)),
        "serialized": ("ecsv", _ECSV.format(unit="", meta=f"# - __serialized_columns__: {value}\n", cell=1)),
        "indices": ("ecsv", _ECSV.format(unit="", meta=f"# - __table_indices__: {value}\n", cell=1)),
        "unit of ECSV": ("ecsv", _ECSV.format(unit=f"unit: {line}, ", meta="", cell=1)),
        "cell": ("ecsv", _ECSV.format(unit="", meta="", cell=value.replace(" ", "_"))),
    }


@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_in_each_place(name: str) -> None:
    for place, (form, text) in places(VALUES[name]).items():
        kind = "crosstalk" if form == "yaml" else "defects"
        (file,) = discover([f"cam/{kind}/d00/20240101T000000.{form}"], "").files
        start = time.process_time()
        _, report = check_file(file, text.encode("utf-8", "surrogatepass"))
        assert time.process_time() - start < 10, place
        assert all(d.line >= 0 and d.hint for d in report.diagnostics)
        if place in ("value", "serialized", "indices"):
            assert report.diagnostics, place


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings(encoding: str) -> None:
    for form, text in places("'\u00e9'").values():
        kind = "crosstalk" if form == "yaml" else "defects"
        (file,) = discover([f"cam/{kind}/d00/20240101T000000.{form}"], "").files
        _, report = check_file(file, text.encode(encoding))
        assert {d.code for d in report.diagnostics} & {"CAL202", "CAL204", "CAL205"}
