"""``curated verify``: what it writes and says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import Commands
from support.verification import BIAS, RECORD, make_package, pattern, write_bias, write_frames


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_package(tmp_path / "package").path


def test_a_record_that_the_check_accepts_until_something_changes(
    commands: Commands, root: Path, tmp_path: Path
) -> None:
    write_frames(tmp_path / "frames", 2)
    done = commands(root, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", "Ada", "-j", "1")
    assert done.status == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{BIAS}: pass (9 pass)"
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (root / RECORD).is_file()
    assert commands(root, "check", "--no-cache").stdout == "2 calibrations checked: no findings\n"
    assert commands(root, "check").stdout == "2 calibrations checked: no findings\n"
    write_bias(root, pattern() + 1)
    for options in ((), ("--no-cache",)):
        assert "CAL831 the calibration has changed since" in commands(root, "check", *options).stdout


def test_a_failure_is_written_and_is_status_1(commands: Commands, root: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 1, level=5)
    done = commands(
        root, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", "Ada", "-j", "1", "--format", "json"
    )
    assert done.status == 1
    (record,) = done.json["records"]
    assert (record["path"], record["verdict"], record["counts"]) == (
        BIAS,
        "fail",
        {"pass": 3, "fail": 2, "not run": 0},
    )
    assert done.json["files"][0]["path"] == RECORD
    done = commands(root, "check", "--no-cache", "--format", "json")
    assert [finding["code"] for finding in done.json["findings"]] == ["CAL842"]


def test_a_dry_run_writes_nothing(commands: Commands, root: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 1)
    done = commands(
        root, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", "Ada", "-j", "1", "--dry-run"
    )
    assert done.status == 0
    assert f"{RECORD}: would be written" in done.stdout
    assert not (root / RECORD).exists()


def test_a_record_elsewhere_and_again(commands: Commands, root: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 1)
    place = tmp_path / "record.yaml"
    for state in ("written", "changed"):
        done = commands(
            root, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", state, "-j", "1", "-o", place
        )
        assert f"record.yaml: {state}" in done.stdout
    assert "by: changed\n" in place.read_text()
    assert not (root / RECORD).exists()


def test_what_cannot_be_verified_is_said_and_nothing_written(
    commands: Commands, root: Path, tmp_path: Path
) -> None:
    (frame,) = write_frames(tmp_path / "frames", 1)
    frame.write_bytes(b"SIMPLE  =")
    done = commands(root, "verify", BIAS, "--exposures", frame, "--by", "Ada", "-j", "1")
    assert done.status == 2
    assert f"{BIAS}: {frame} cannot be read" in done.stderr
    assert not (root / RECORD).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("calibs/cam/bias/d01",), "does not exist"),
        ((BIAS, "--by", "Ada", "--exposures", "gone"), "gone cannot be read"),
        ((BIAS,), "it is not clear who verifies"),
        (("calibs", "-o", "x"), "-o is for one calibration, and there are 2"),
        ((BIAS, "--by", "a\x1b[31m"), "it is not clear who verifies"),
    ],
)
def test_usage(commands: Commands, root: Path, arguments: tuple[str, ...], message: str) -> None:
    done = commands(root, "verify", *arguments)
    assert done.status == 2
    assert message in done.stderr


def test_json_of_an_error(commands: Commands, root: Path, tmp_path: Path) -> None:
    (frame,) = write_frames(tmp_path / "frames", 1)
    frame.write_bytes(b"SIMPLE  =")
    done = commands(root, "verify", BIAS, "--exposures", frame, "--by", "Ada", "-j", "1", "--format", "json")
    content = json.loads(done.stdout)
    assert content["version"] == 1
    assert content["errors"][0]["path"] == BIAS
    assert content["records"] == []
