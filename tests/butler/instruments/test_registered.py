"""Instruments that a repository has."""

from __future__ import annotations

from pathlib import Path

from lsst.daf.butler import Butler

from curated.butler.instruments.registered import read_class_names, read_registered
from support.stack_instruments import INSTRUMENTS, add_instrument, register, registered_instrument


def test_all_instruments_or_some_are_read(tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", INSTRUMENTS)
    add_instrument(repo, "Lab", {0: "d00"}, {"clear": "white"})
    with Butler.from_config(str(repo)) as butler:
        classes = read_class_names(butler)
        assert classes == {**{name: values[0] for name, values in INSTRUMENTS.items()}, "Lab": ""}
        instruments = read_registered(butler, classes)
        some = read_registered(butler, classes, ["Lab", "absent"])
    lab = instruments.pop("Lab")
    assert (lab.class_name, lab.detectors, lab.filters) == ("", {0: "d00"}, {"clear"})
    assert instruments == {name: registered_instrument(name) for name in INSTRUMENTS}
    assert some["Lab"] == lab
    assert (some["HSC"].class_name, some["HSC"].detectors) == ("lsst.obs.subaru.HyperSuprimeCam", {})
