"""Names that do not exist, and which may be meant."""

from __future__ import annotations

import pytest

from curated.history.names import known_names

RAFTS = [f"r{raft:02d}_s{slot:02d}" for raft in range(44) for slot in (0, 1, 2, 10, 11, 12, 20, 21, 22)]


@pytest.mark.parametrize(
    ("name", "names", "hint"),
    [
        ("S11", ["r22_s11", "r22_s12"], "did you mean 'r22_s11'? known detectors: r22_s11, r22_s12"),
        ("r22", ["r22_s11", "r22_s12"], "did you mean 'r22_s11' or 'r22_s12'? known"),
        ("R22S11", RAFTS, "did you mean 'r22_s11'? known detectors: r00_s00, "),
        ("r", RAFTS, "known detectors: r00_s00, "),
        ("s11", RAFTS, "did you mean 'r43_s11' or "),
        ("r43_s23", RAFTS, "did you mean 'r43_s22'? "),
        ("x" * 100_000, RAFTS, "known detectors: "),
        ("", ["a"], "known detectors: a"),
        ("a", [], "known detectors: none"),
    ],
)
def test_hints(name: str, names: list[str], hint: str) -> None:
    assert known_names(name, names, "detectors").startswith(hint)


def test_many_names_are_counted() -> None:
    assert known_names("nothing", RAFTS, "detectors").endswith(f", and {len(RAFTS) - 24} more")
