"""The table of what is in force: paths too long for a line, filters, and rows of CSV."""

from __future__ import annotations

import csv
from datetime import datetime

from curated.core.keys import CalibFile, CalibKey
from curated.history.exposure.usage import Usage
from curated.history.products import Part, Product
from curated.package.validity import Range
from curated.report.product_text import COLUMNS, csv_lines, usage_lines, usage_to_json

BEGIN, END = datetime(2020, 1, 1), datetime(2024, 1, 1)


def product(detector: str, filter_name: str = "", name: str = "20200101T000000.ecsv") -> Product:
    key = CalibKey("cam", "flat", detector, filter_name)
    path = "/".join(part for part in ("data/cam/flat", detector, filter_name, name) if part)
    valid = Range(BEGIN, END)
    return Product(key, (Part(valid, CalibFile(path, key, BEGIN, "ecsv"), valid),))


def usage(*products: Product) -> Usage:
    return Usage(CalibKey("cam", ""), datetime(2021, 1, 1), None, products)


def test_lines_fit_into_80_columns() -> None:
    names = ("r", "sdss_65mm~empty", "a_filter_with_a_name_that_is_longer_than_all")
    products = [product(f"r22_s1{i}", name) for i in range(3) for name in names]
    lines = list(usage_lines(usage(*products), "data"))
    assert lines[0] == "data/cam/flat"
    assert lines[1].startswith("  r22_s10/r/20200101T000000.ecsv  2020-01-01T00:00:00 to 2024-01-01T00:00:00")
    assert lines[2] == f"  r22_s10/{names[1]}/20200101T000000.ecsv"
    assert lines[3] == "      2020-01-01T00:00:00 to 2024-01-01T00:00:00"
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "9 products with a calibration in force"


def test_many_detectors() -> None:
    missing = [
        Product(CalibKey("cam", "flat", f"d{i:03d}"), (Part(Range(BEGIN, END), None, None),))
        for i in range(189)
    ]
    lines = list(usage_lines(usage(*missing, product("d999")), ""))
    assert lines == [
        "data/cam/flat",
        "  d999/20200101T000000.ecsv  2020-01-01T00:00:00 to 2024-01-01T00:00:00",
        "1 product with a calibration in force",
        "189 without one:",
        *[f"  cam/flat/d{i:03d}" for i in range(5)],
        "  and 184 more; --format json lists all",
    ]
    assert len(usage_to_json(usage(*missing), {}, {})["holes"]) == 189


def test_names_with_commas_and_control_characters() -> None:
    odd = product("d00", name='a,"b\x1b[31m.ecsv')
    row = next(csv.DictReader(csv_lines([usage(odd)], {})))
    assert list(row) == list(COLUMNS)
    assert row["file"] == 'data/cam/flat/d00/a,"b\x1b[31m.ecsv'
    assert "\x1b" not in "".join(usage_lines(usage(odd), ""))


def test_what_is_not_committed() -> None:
    lines = list(
        usage_lines(usage(product("d00")), "", {"data/cam/flat/d00/20200101T000000.ecsv": "it has changes"})
    )
    assert lines[2] == "      but it has changes"
