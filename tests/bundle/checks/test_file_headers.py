"""Headers of a bundle's files, compared with the manifest; hostile ones are in ``test_hostile_bundles``."""

from __future__ import annotations

import random
from typing import Any

import pytest
from astropy.io import fits

from curated.bundle.checks.file_headers import HeaderComparison
from curated.bundle.contents import Claims, Entry
from curated.fits.header import BLOCK, cards, header_length, split_cards

SHA1 = "a" * 40
ENTRY = Entry(
    "flat",
    (("detector", 12), ("instrument", "LabCam"), ("physical_filter", "SDSS g")),
    claims=Claims("2020-01-01T00:00:00Z", "", 1, None, "calibs/lab/é/flat.yaml", "b" * 40, "c" * 40),
)
USUAL: dict[str, Any] = {
    "INSTRUME": "LabCam",
    "OBSTYPE": "flat",
    "DETECTOR": 12,
    "FILTER": "SDSS g",
    "VALIDSTART": "2020-01-01T00:00:00",
    "REPOSHA1": SHA1,
    "REPOPATH": "calibs/lab/é/flat.yaml",
    "BLOBSHA1": "b" * 40,
    "FILESHA1": "c" * 40,
}


def header(*, extension: bool = False, **values: Any) -> bytes:
    first = ("XTENSION", "BINTABLE") if extension else ("SIMPLE", True)
    keywords = {key: value for key, value in values.items() if value != "absent"}
    escapes = [("CURATESC", "REPOPATH")] if "\\" in repr(keywords.get("REPOPATH", "").encode()) else []
    text = cards([first, ("BITPIX", 8), ("NAXIS", 0), *keywords.items(), *escapes]) + "END".ljust(80)
    return text.encode("ascii").ljust(-(-len(text) // BLOCK) * BLOCK)


def compare(*headers: bytes, entry: Entry = ENTRY) -> HeaderComparison:
    comparison = HeaderComparison(entry, SHA1, "labcam_dir")
    for data in headers:
        comparison.take(data, split_cards(data))
    return comparison


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"INSTRUME": "LABCAM"},
        {"INSTRUME": "labcam_dir"},
        {"OBSTYPE": "FLAT"},
        {"DETECTOR": "12"},
        {"DETECTOR": "012"},
        {"FILTER": "sdss_g"},
        {"VALIDSTART": "2020-01-01T00:00:00.000"},
        {"VALIDSTART": "2020-01-01T01:00:00+01:00"},
        {"VALIDEND": ""},
        {"VALIDEND": "2100-01-01T00:00:00"},
        {"VALIDEND": "9999-12-31T23:59:59"},
        {"CALIB_ID": "instrument=LabCam detector=12 filter=SDSS g validend=x"},
        {"SOURCE": "HIERARCH DETECTOR = 4"},
    ],
)
def test_headers_that_agree(change: dict[str, Any]) -> None:
    comparison = compare(header(**USUAL | change))
    assert (comparison.problems, comparison.damage) == ([], "")


@pytest.mark.parametrize(
    "change",
    [
        *({key: "absent"} for key in USUAL),
        {"INSTRUME": "Lab"},
        {"OBSTYPE": "bias"},
        {"OBSTYPE": "IsrProvenance"},
        {"DETECTOR": 1},
        {"DETECTOR": 12.0},
        {"DETECTOR": True},
        {"DETECTOR": None},
        {"DETECTOR": "1 2"},
        {"DETECTOR": "9" * 60},
        {"FILTER": "SDSS r"},
        {"VALIDSTART": "2020-01-01T00:00:01"},
        {"VALIDSTART": 2020},
        {"VALIDEND": "2099-01-01T00:00:00"},
        {"VALIDEND": "never"},
        {"REPOSHA1": "b" * 40},
        {"REPOPATH": "calibs/lab/e/flat.yaml"},
        {"BLOBSHA1": ""},
    ],
)
def test_headers_that_do_not_agree(change: dict[str, Any]) -> None:
    ((key, _),) = change.items()
    (problem,) = compare(header(**USUAL | change)).problems
    assert problem.startswith(f"{key} of HDU 0 is ")


def test_ranges_that_no_repository_can_hold_are_open() -> None:
    entry = Entry("flat", ENTRY.data_id, claims=ENTRY.claims._replace(begin=""))
    assert compare(header(**USUAL | {"VALIDSTART": "1950-01-01T00:00:00"}), entry=entry).problems == []
    assert len(compare(header(**USUAL), entry=entry).problems) == 1


def test_further_headers_have_the_same_or_nothing() -> None:
    first = header(**USUAL)
    assert compare(first, header(extension=True), header(extension=True, **USUAL)).problems == []
    assert compare(first, header(extension=True, OBSTYPE="IsrProvenance")).problems == []
    assert compare(first, header(extension=True, DETECTOR=5, FILTER="r")).problems == [
        "DETECTOR of HDU 1 is 5, not 12",
        "FILTER of HDU 1 is 'r', not 'SDSS g'",
    ]


def test_what_is_no_header() -> None:
    first = header(**USUAL)
    more = first.replace(b"END" + b" " * 157, b"END".ljust(80) + b"DETECTOR=                    5".ljust(80))
    assert more != first
    assert compare(more).damage == "the header of HDU 0 has cards after its END"
    assert compare(first, first).damage == "HDU 1 does not begin with XTENSION"
    assert "printable ASCII" in compare(first.replace(b"LabCam", b"Lab\x1b[m")).damage
    assert "printable ASCII" in compare(first.replace(b"LabCam", "Labé".encode())).damage


def test_messages_are_limited() -> None:
    wrong = header(extension=True, DETECTOR=5, FILTER="r")
    assert len(compare(header(**USUAL), *[wrong] * 1000).problems) < 20


def test_undeclared_types_may_have_any_obstype() -> None:
    entry = Entry("labThing", ENTRY.data_id, claims=ENTRY.claims)
    assert compare(header(**USUAL | {"OBSTYPE": "thing"}), entry=entry).problems == []


def test_headers_are_those_that_astropy_reads() -> None:
    text = header(**USUAL | {"REPOPATH": "calibs/" + "x'" * 60})
    entry = Entry("flat", ENTRY.data_id, claims=ENTRY.claims._replace(path="calibs/" + "x'" * 60))
    assert compare(text, entry=entry).problems == []
    assert fits.Header.fromstring(text.decode())["REPOPATH"] == "calibs/" + "x'" * 60
    # Found with a card of another form as well.
    lower = text.replace(b"OBSTYPE = 'flat    '", b"obstype = 'flat    '")
    assert fits.Header.fromstring(lower.decode())["OBSTYPE"] == "flat"
    assert compare(lower, entry=entry).problems == []


FORMS = [
    "{:<8}= {}", "HIERARCH {} = {}", "hierarch {} = {}", "HIERARCH  {}={}", "{} ={}", " {:<7}= {}", "{:<8}={}", "{:<8}  {}",
    "HIERARCH{} = {}", "{:<7}= {}", "CONTINUE  '{}={}'", "HIERARCH {} {}", "HIERARCH X {} = {}", "{:<7}== {}", "COMMENT {} = {}",
]  # fmt: skip
TEXTS = [
    "5",
    "'x'",
    "'LabCam'",
    "12",
    "T",
    "",
    "'2021-01-01T00:00:00'",
    "12.",
    "'12'",
    "1E1",
    "(1,2)",
    "'a&'",
    "12 / c",
]
TEXTS += ["0012", "+12", "1 2", "'a' b"]


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")
@pytest.mark.parametrize("seed", range(4))
def test_what_is_accepted_has_the_right_values_for_astropy(seed: int) -> None:
    """Cards of all spellings, added to a good header or in the place of its cards."""
    draw = random.Random(seed)
    expected = {key: value for key, value in USUAL.items() if key != "REPOPATH"} | {"VALIDEND": None}
    usual = [part.decode() for part in split_cards(header(**USUAL))]
    end = usual.index("END".ljust(80))
    accepted = 0
    for _ in range(250):
        changed = usual[: end + 1]
        for _ in range(draw.randint(1, 2)):
            key = draw.choice(list(expected))
            spelling = draw.choice([key, key, key.lower(), key.capitalize()])
            card = draw.choice(FORMS).format(spelling, draw.choice(TEXTS)).ljust(80)[:80]
            place = draw.randrange(3, len(changed))
            changed[place : place + draw.randint(0, 1)] = [
                draw.choice([card, card, "END".ljust(80), " " * 80])
            ]
        text = "".join(changed)
        data = text.encode().ljust(-(-len(text) // BLOCK) * BLOCK)
        length = header_length(data)
        if not length:
            continue
        comparison = compare(data[:length])
        if comparison.problems or comparison.damage:
            continue
        accepted += 1
        values = fits.Header.fromstring(data[:length].decode())
        assert {key: values.get(key) or None for key in expected if key != "DETECTOR"} == {
            key: value for key, value in expected.items() if key != "DETECTOR"
        }
        assert int(values["DETECTOR"]) == expected["DETECTOR"]
        assert all(values.count(key) == 1 for key in expected if key in values)
    assert accepted > 10
