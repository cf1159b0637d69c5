"""What is in force over a span of time, by brute force and at the boundaries."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta

import pytest

from conftest import GitPackage, MakePackage
from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError
from curated.history.lookup import lookup
from curated.history.products import Product, find_products, says_validity, select
from curated.package.package import Package, open_package
from support.packages import defects_path, defects_text

MARK = {
    "DEPRECATED": "wrong",
    "DEPRECATED_BY": "Ada",
    "DEPRECATED_DATE": "2024-01-01",
    "DEPRECATED_COVER": "hole",
}


def epoch(year: int, detector: int = 0, **keywords: str) -> tuple[str, str]:
    date = f"{year}-01-01T00:00:00"
    return defects_path(detector, f"{year}0101T000000"), defects_text(keywords, detector=detector, date=date)


CURVE = (
    "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: wavelength, unit: nm, datatype: float64}\n"
    "# - {name: efficiency, unit: '%', datatype: float64}\n# meta: {OBSTYPE: transmission_filter, INSTRUME: Lab, "
    "FILTER: SDSS r, CALIBDATE: '2020-01-01T00:00:00'}\n# schema: astropy-2.0\nwavelength efficiency\n400 2\n500 3\n"
)


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    files = [
        epoch(2020, VALIDEND="2020-06-01T00:00:00"),
        epoch(2021),
        epoch(2022, **MARK),
        epoch(2024),
        epoch(2021, 1),
        ("calibs/lab/transmission_filter/SDSS_r/20200101T000000.ecsv", CURVE),
    ]
    return make_package({"curated.yaml": "", **dict(files)})


def products(package: Package, begin: str, end: str | None = None, **names: str) -> list[Product]:
    selection = select(package, read_instruments(package)[0], "lab", **names)
    return find_products(
        package, selection, *(datetime.fromisoformat(t) for t in (begin, end) if t is not None)
    )


def text(product: Product) -> str:
    parts = [f"{part.file.start.year if part.file else '-'}" for part in product.parts]
    return f"{product.key} {' '.join(parts)}"


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2019-12-31T23:59:59", None, ["-", "-", "-"]),
        ("2020-01-01", None, ["2020", "-", "2020"]),
        ("2020-06-01", None, ["-", "-", "2020"]),
        ("2021-12-31T23:59:59.999999", None, ["2021", "2021", "2020"]),
        ("2022-01-01", None, ["-", "2021", "2020"]),
        ("2024-01-01", None, ["2024", "2021", "2020"]),
        ("2023-12-31T12:00", "2024-01-01T00:00", ["-", "2021", "2020"]),
        ("2023-12-31T12:00", "2024-01-01T00:00:00.000001", ["- 2024", "2021", "2020"]),
        ("2020-05-31T12:00", "2021-01-01T12:00", ["2020 - 2021", "- 2021", "2020"]),
        ("9999-12-31T23:59:59.999999", None, ["2024", "2021", "2020"]),
        ("0001-01-01", None, ["-", "-", "-"]),
    ],
)
def test_spans(lab: GitPackage, begin: str, end: str | None, expected: list[str]) -> None:
    found = [text(product) for product in products(open_package(lab.path), begin, end)]
    keys = ["lab/defects/d00", "lab/defects/d01", "lab/transmission_filter/sdss_r"]
    assert found == [f"{key} {years}" for key, years in zip(keys, expected, strict=True)]


def test_whole_ranges_are_said_and_holes_of_the_span(lab: GitPackage) -> None:
    product = products(open_package(lab.path), "2020-05-31T12:00", "2020-06-01T12:00")[0]
    assert [str(valid) for _, valid in product.epochs] == ["2020-01-01T00:00:00 to 2020-06-01T00:00:00"]
    assert [str(hole) for hole in product.holes] == ["2020-06-01T00:00:00 to 2020-06-01T12:00:00"]


def test_moments_agree_with_lookup(lab: GitPackage) -> None:
    package = open_package(lab.path)
    chance = random.Random(1)
    for _ in range(60):
        time = datetime(2019, 1, 1) + timedelta(days=chance.randrange(2500))
        for product in products(package, time.isoformat(), type_name="defects"):
            answer = lookup(package, "lab", "defects", time, detector=product.key.detector).in_force
            assert [file.path for file, _ in product.epochs] == ([answer.file.path] if answer else [])


def test_names(lab: GitPackage) -> None:
    package = open_package(lab.path)
    count = {
        **{("detector", name): 2 for name in ("d00", "D01", "1")},
        ("filter_name", "SDSS r"): 3,
        ("type_name", "DEFECTS"): 2,
    }
    for (level, name), number in count.items():
        assert len(products(package, "2021-06-01", **{level: name})) == number, name
    for names, message, hint in (
        ({"detector": "d0"}, "lab has no detector 'd0'", "did you mean 'd00' or 'd01'?|did you mean 'd0"),
        ({"detector": "9" * 5000}, "lab has no detector '9999", "known detectors: d00, d01"),
        ({"filter_name": "sdss-r"}, "lab has no filter 'sdss-r'", "did you mean 'sdss_r'"),
        ({"type_name": "flat"}, "lab has no type 'flat'", "known types: defects, transmission_filter"),
        (
            {"type_name": "defects", "filter_name": "sdss r"},
            "defects has no filter level",
            "leave the filter out",
        ),
    ):
        with pytest.raises(CuratedError, match=message) as caught:
            select(package, {}, "lab", **names)
        assert re.search(hint, caught.value.hint)


def test_bands_are_told_from_filters(make_package: MakePackage) -> None:
    declaration = "name: Lab\nfilters: [{name: r_57, band: r}, {name: g_6, band: g}]\n"
    files = {"curated.yaml": "", defects_path(): defects_text(), "calibs/lab/instrument.yaml": declaration}
    package = open_package(make_package(files).path)
    with pytest.raises(CuratedError, match="lab has no filter 'r'") as caught:
        select(package, read_instruments(package)[0], "lab", filter_name="r")
    assert caught.value.hint.startswith("r is the band of r_57; ")


def test_escaped_keywords_are_not_overlooked(make_package: MakePackage) -> None:
    path, content = epoch(2020, VALIDEND="2020-06-01T00:00:00")
    escaped = content.replace('"VALIDEND"', '"\\u0056ALIDEND"')
    assert escaped != content
    package = open_package(make_package({"curated.yaml": "", path: escaped}).path)
    assert products(package, "2021-01-01")[0].epochs == []
    assert says_validity(escaped.encode())
    assert not says_validity(defects_text().encode())


def test_what_git_hides_is_not_passed_over(lab: GitPackage) -> None:
    path = defects_path(0, "20240101T000000")
    lab.git("update-index", "--skip-worktree", path)
    lab.write({path: None})
    package = open_package(lab.path)
    assert products(package, "2024-06-01", detector="d01", type_name="defects")
    with pytest.raises(CuratedError, match="of the commit is not in the work tree"):
        products(package, "2024-06-01")
