"""Keys of calibrations."""

from __future__ import annotations

from curated.core.keys import CalibKey


def test_a_key_is_a_directory() -> None:
    assert str(CalibKey("cam", "transmission_optics")) == "cam/transmission_optics"
    assert str(CalibKey("cam", "defects", "d00")) == "cam/defects/d00"
    assert str(CalibKey("cam", "transmission_system", "d00", "r")) == "cam/transmission_system/d00/r"


def test_keys_are_in_the_order_of_their_directories() -> None:
    keys = [
        CalibKey("cam", "defects", "d01"),
        CalibKey("cam", "bfk", "d02"),
        CalibKey("cam", "defects", "d00"),
    ]
    assert [str(key) for key in sorted(keys)] == ["cam/bfk/d02", "cam/defects/d00", "cam/defects/d01"]
