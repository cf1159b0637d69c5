"""Run the commands of docs/verification-tests.md, and its example of a statistic."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from curated.declare.statistic import Statistic
from support.packages import ROOT, defects_text
from support.pages import HashNames, assert_page_shows, environment_with_curated, run_shell
from support.samples import pixels, residual

PAGE = ROOT / "docs/verification-tests.md"


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    package = GitPackage(tmp_path / "package")
    environment = environment_with_curated_in(tmp_path)
    package.write(
        {
            "curated.yaml": "calibs: calibs\n",
            "calibs/lab/instrument.yaml": "name: lab\ndetectors: [{name: d00, id: 0}]\n",
        }
    )
    package.write({"calibs/lab/defects/d00/20200101T000000.ecsv": defects_text()})
    package.git("init", "--quiet")
    # The page goes back to the table as it was written.
    run_shell("curated new verification crosstalk --from 2026-01-01", package.path, environment)
    package.commit(message="Add calibrations")
    (package.path / "calibs/lab/verification/crosstalk/20260101T000000.yaml").unlink()
    update = pytestconfig.getoption("update_expected")
    assert_page_shows(PAGE, package.path, environment, HashNames(), update=update)


def environment_with_curated_in(directory: Path) -> dict[str, str]:
    (directory / "bin").mkdir()
    return environment_with_curated(directory / "bin")


def test_the_example_is_a_statistic() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    statistic = names["ODD_COLUMNS"]
    assert isinstance(statistic, Statistic)
    assert statistic.fault() == ""
    image = pixels(1)
    assert abs(statistic.compute(residual(image)).value) < 4 * statistic.compute(residual(image)).error
    image[:, 1::2] += 2
    value, error = statistic.compute(residual(image))
    assert value == pytest.approx(2, abs=4 * error)
    assert np.isfinite(error)
