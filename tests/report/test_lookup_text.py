"""Changes of lookups as text."""

from __future__ import annotations

from curated.datasets.lookups import Kind, LookupChange, LookupChanges
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import ALWAYS, Span
from curated.report.lookup_text import lookup_lines

CHAIN = "LATISS/calib"


def change(
    kind: Kind,
    before: str,
    after: str,
    span: Span = ALWAYS,
    dataset_type: str = "defects",
    **values: int | str,
) -> LookupChange:
    key = dataset_type, data_id_of({"instrument": "LATISS", **values})
    sides = [Dataset(*key, collection=f"{CHAIN}/{name}") if name else None for name in (before, after)]
    return LookupChange(kind, key, span, *sides)


def lines(*changes: LookupChange) -> list[str]:
    return list(lookup_lines(LookupChanges(CHAIN, changes)))


def test_changes_are_grouped() -> None:
    year = 31_536_000 * 10**9
    changes = [change("replaced", "DM-1", "v2", Span(48 * year, 50 * year), detector=n) for n in (0, 1, 2, 5)]
    changes += [change("lost", "v1", "", Span(n * year), detector=7) for n in (40, 45)]
    changes += [change("gained", "", "v2", detector=8), change("same content", "v1", "v2", detector=9)]
    assert lines(*changes) == [
        "    another content     4 ranges of 4 products",
        "    not found any more  2 ranges of 1 product",
        "    found now           1 range of 1 product",
        "    same content        1 range of 1 product, of other datasets",
        "    defects detector 0-2, 5: DM-1 -> v2",
        "      2017-12-19T23:59:23 to 2019-12-19T23:59:23 UTC",
        "    defects detector 7: v1 -> nothing",
        "      2 ranges from 2009-12-21T23:59:26 to open UTC",
        "    defects detector 8: nothing -> v2",
        "      at all times",
    ]


def test_a_first_release_is_counted_only() -> None:
    assert len(lines(*(change("gained", "", "v1", detector=n) for n in range(3)))) == 1


def test_many_changes_are_short() -> None:
    changes = [
        change(
            "replaced",
            f"expert-with-a-long-name-{n:03d}",
            "v2",
            detector=2 * m,
            physical_filter=f"SDSSr_65mm~FELH{m}",
        )
        for n in range(30)
        for m in range(9)
    ]
    output = lines(*changes)
    assert output[-1] == "    and 20 more groups with 180 ranges of 9 products; --format json lists all"
    assert len(output) < 45
    assert all(len(line) <= 80 for line in output)
    assert "detector 0, 2, 4, 6 and 5 more" in " ".join(line.strip() for line in output)


def test_names_do_not_control_the_terminal() -> None:
    text = "\n".join(lines(change("replaced", "a\x1b[2J", "b", physical_filter="x\x07")))
    assert "\x1b" not in text
    assert "\x07" not in text
