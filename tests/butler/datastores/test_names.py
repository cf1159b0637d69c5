"""Formatters by name: imported where their package is, recorded by name where it is not."""

from __future__ import annotations

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler.formatters.json import JsonFormatter

from curated.butler.datastores.names import extension_problem, load_formatter, named_formatter
from curated.butler.formatter import CalibFormatter
from support.stack_packages import OUR_FORMATTER, STACK_FORMATTER


@pytest.mark.parametrize(
    ("name", "state", "recorded"),
    [
        (OUR_FORMATTER, "imported", OUR_FORMATTER),
        ("lsst.daf.butler.formatters.json.JsonFormatter", "imported", "lsst.daf.butler.formatters.json.JsonFormatter"),
        # The name that Butler records is that of the class, not of the module that imports it.
        ("curated.butler.datastores.names.CalibFormatter", "imported", OUR_FORMATTER),
        (STACK_FORMATTER, "absent", STACK_FORMATTER),
        ("lsst.pipe.tasks.objectMasks.RegionFileFormatter", "absent", "lsst.pipe.tasks.objectMasks.RegionFileFormatter"),
        ("nowhere.Formatter", "absent", "nowhere.Formatter"),
        ("lsst.daf.butler.formatters.nothing.F", "broken", "lsst.daf.butler.formatters.nothing.F"),
        ("lsst.daf.butler.formatters.json.Nothing", "broken", "lsst.daf.butler.formatters.json.Nothing"),
        ("lsst.daf.butler.Butler", "broken", None),
        ("Formatter", "broken", None),
        ("lsst.obs base.Formatter", "broken", None),
        ("lsst..Formatter", "broken", None),
        ("lsst.obs." + 120 * "f", "broken", None),
        ("", "broken", None),
    ],
)  # fmt: skip
def test_states(name, state, recorded) -> None:
    loaded = load_formatter(name)
    assert loaded.state == state
    assert (None if loaded.formatter is None else loaded.formatter.name()) == recorded
    assert bool(loaded.reason) == (state != "imported")
    assert "\n" not in loaded.reason


def test_a_stand_in_has_the_name_and_reads_fits() -> None:
    formatter = named_formatter(STACK_FORMATTER)
    assert formatter.name() == STACK_FORMATTER
    assert issubclass(formatter, CalibFormatter)
    assert extension_problem(formatter, "files/lab/defects/a.fits") == ""


def test_a_formatter_of_other_files_is_noticed() -> None:
    assert ".fits" in extension_problem(JsonFormatter, "files/lab/defects/a.fits")
    assert extension_problem(JsonFormatter, "files/lab/defects/a.json") == ""
