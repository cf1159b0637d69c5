"""``curated fingerprint``: text, lines and JSON."""

from __future__ import annotations

from pathlib import Path

from conftest import GitPackage
from support.packages import DEMO_FILES
from support.programs import printed_json, run_curated
from support.stack_instruments import register, write_stack_package


def test_lines_are_what_is_hashed(demo: GitPackage) -> None:
    import hashlib

    lines = run_curated("fingerprint", "--list", cwd=demo.path).stdout
    text = run_curated("fingerprint", cwd=demo.path).stdout
    assert text.startswith(
        f"{hashlib.sha256(lines.encode()).hexdigest()}  {DEMO_FILES} calibrations in force in "
    )
    value = printed_json(run_curated("fingerprint", "--format", "json", cwd=demo.path))
    assert (value["fingerprint"], value["calibrations"], value["lines"]) == (
        text.split()[0],
        DEMO_FILES,
        None,
    )
    value = printed_json(run_curated("fingerprint", "--list", "--format", "json", cwd=demo.path))
    assert len(value["lines"]) == DEMO_FILES
    assert value["lines"][0].keys() == {"dataset_type", "data_id", "begin_tai_ns", "end_tai_ns", "content"}


def test_errors_leave_it_unknown(wrong: GitPackage) -> None:
    done = run_curated("fingerprint", cwd=wrong.path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "CAL301" in done.stderr
    assert "what is in force is not known as long as there are errors" in done.stderr


def test_the_names_of_a_repository(tmp_path: Path) -> None:
    package = write_stack_package(tmp_path / "package", "comCam").path
    repo = register(tmp_path / "repo", ["LSSTComCamSim"])
    names = ("--names-of", repo)
    done = run_curated("fingerprint", *names, cwd=package)
    assert (done.returncode, done.stdout) == (2, "")
    assert "it may be LSSTComCamSim" in done.stderr
    assert "--instrument comCam=LSSTComCamSim" in done.stderr
    done = run_curated("fingerprint", *names, "--instrument", "comCam=LSSTComCamSim", "--list", cwd=package)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("instrument=LSSTComCamSim") == 3
    for command in (("fingerprint",), ("bundle", tmp_path / "bundle")):
        done = run_curated(*command, "--instrument", "comCam=LSSTComCamSim", cwd=package)
        assert done.returncode == 2
        assert "--instrument NAME=OTHER" in done.stderr
    assert not (tmp_path / "bundle").exists()
    done = run_curated("import", package, tmp_path / "new", "--instrument", "comCam")
    assert done.returncode == 2
    assert "is not of the form NAME=REPOSITORY'S NAME" in done.stderr
    assert not (tmp_path / "new").exists()
