"""Epochs of a product for packages with a history."""

from __future__ import annotations

from support.packages import defects_path, defects_text

MARK = {
    "DEPRECATED": "wrong rows",
    "DEPRECATED_BY": "Ada",
    "DEPRECATED_DATE": "2024-01-01",
    "DEPRECATED_COVER": "previous",
}


def epoch(year: int, x0: int = 1, **keywords: str) -> dict[str, str | bytes | None]:
    date = f"{year}-01-01T00:00:00"
    return {defects_path(0, f"{year}0101T000000"): defects_text(keywords, date=date, x0=x0)}


def path_of(year: int, instrument: str = "lab") -> str:
    return defects_path(0, f"{year}0101T000000", instrument)
