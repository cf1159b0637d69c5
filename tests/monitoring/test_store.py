"""Metrics are added whole or not at all, and branches that add metrics merge."""

import threading
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.monitoring.metric import Metric
from curated.monitoring.store import add_metrics, check_metrics, metric_files, read_metrics
from curated.package.package import open_package
from support.packages import defects_path, defects_text, read_tree
from support.programs import run_curated

PATH = "calibs/cam/metrics/bias/NOISE/2024-01.csv"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "calibs/cam").mkdir(parents=True)
    (tmp_path / "calibs/cam/README").write_text("A camera\n")
    (tmp_path / "curated.yaml").write_text("calibs: calibs\n")
    return tmp_path


def metric(day=0, **changes):
    return Metric(**{"statistic": "NOISE", "mjd": 60310.25 + day, "detector": "d00", "value": 5.0, **changes})


def add(root, *metrics, **options):
    return add_metrics(open_package(root), "cam", {"bias": metrics}, **options)


def values(root):
    package = open_package(root)
    return {
        file.path: list(rows.value)
        for file in metric_files(package)
        for rows, findings in [read_metrics(package.files, file)]
    }


def test_metrics_go_into_the_file_of_their_month_and_statistic(root):
    addition = add(
        root, metric(40, value=3.0), metric(1, value=2.0), metric(0, value=1.0), metric(statistic="MEAN")
    )
    assert (addition.added, addition.repeated) == (4, 0)
    assert values(root) == {
        "calibs/cam/metrics/bias/MEAN/2024-01.csv": [5.0],
        PATH: [1.0, 2.0],
        "calibs/cam/metrics/bias/NOISE/2024-02.csv": [3.0],
    }
    assert check_metrics(open_package(root)) == []
    assert "merge=union" in (root / "calibs/cam/metrics/.gitattributes").read_text()


def test_the_same_metric_counts_once_and_changes_no_byte(root):
    add(root, metric(), metric(1))
    before = read_tree(root)
    addition = add(root, metric(1), metric())
    assert (addition.added, addition.repeated) == (0, 2)
    assert {outcome.state for outcome in addition.outcomes} == {"unchanged"}
    assert read_tree(root) == before


def test_files_do_not_depend_on_the_order_of_additions(root, tmp_path):
    for day in (3, 1, 2):
        add(root, metric(day))
    one_by_one = (root / PATH).read_bytes()
    (root / PATH).unlink()
    add(root, *map(metric, (1, 2, 3)))
    assert (root / PATH).read_bytes() == one_by_one


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"value": 6.0}, "is 6.0 , and 5.0"),
        ({"unit": "adu"}, "and 5.0"),
        ({"day": 1, "value": float("nan")}, "value nan is not finite"),
        ({"day": 1, "detector": "a\nb"}, "detector 'a.nb' is no name"),
        ({"day": 1, "statistic": "../../x"}, "is no name of letters"),
    ],
)
def test_one_metric_that_cannot_be_kept_keeps_all_out(root, wrong, match):
    add(root, metric())
    before = read_tree(root)
    with pytest.raises(CuratedError, match=match):
        add(root, metric(2), metric(**wrong), metric(3))
    assert read_tree(root) == before


def test_a_file_with_an_error_is_not_added_to(root):
    add(root, metric())
    (root / PATH).write_text((root / PATH).read_text() + "<<<<<<< HEAD\n")
    before = read_tree(root)
    with pytest.raises(CuratedError, match=rf"{PATH}:3: CAL881"):
        add(root, metric(1))
    assert read_tree(root) == before


def test_nothing_is_written_through_links_or_without_an_instrument(root, tmp_path):
    with pytest.raises(CuratedError, match="no directory of an instrument 'mac'"):
        add_metrics(open_package(root), "mac", {"bias": [metric()]})
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "calibs/cam/metrics").symlink_to(outside)
    with pytest.raises(CuratedError, match="link"):
        add(root, metric())
    assert list(outside.iterdir()) == []


def test_a_trial_writes_nothing(root):
    before = read_tree(root)
    assert add(root, metric(), dry_run=True).added == 1
    assert read_tree(root) == before


def test_additions_at_the_same_time_wait_for_each_other(root):
    threads = [
        threading.Thread(target=add, args=(root, *[metric(d, detector=f"d{n}") for d in range(5)]))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values(root)[PATH]) == 30


def test_branches_that_add_metrics_merge(root):
    """By git alone: the attributes are committed with the files."""
    package = GitPackage(root)
    package.git("init", "--quiet", "-b", "main")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        package.git("config", key, value)
    package.commit(message="Begin")
    for name, days in (("left", (2, 4)), ("right", (1, 3))):
        package.git("checkout", "--quiet", "-b", name, "main")
        add(root, metric(0), *map(metric, days), metric(50, statistic=name.upper()))
        package.commit(message=f"Add {name}")
    package.git("merge", "--quiet", "--no-edit", "left")
    assert sorted(values(root)[PATH]) == [5.0] * 5
    assert {finding.code for finding in check_metrics(open_package(root))} <= {"CAL886"}
    # Both sides go on, and the next addition sorts the rows.
    package.git("checkout", "--quiet", "left")
    add(root, metric(6))
    package.commit(message="Add to left")
    package.git("checkout", "--quiet", "right")
    add(root, metric(5))
    package.commit(message="Add to right")
    package.git("merge", "--quiet", "--no-edit", "left")
    add(root, metric(7))
    assert check_metrics(open_package(root)) == []
    assert len(values(root)[PATH]) == 8


def test_the_check_finds_what_is_wrong_with_the_selected_files(root):
    add(root, metric(), metric(40))
    (root / PATH).write_text("no metrics\n")
    for paths, expected in (
        ((), ["CAL881"]),
        ((PATH,), ["CAL881"]),
        (("calibs/cam/metrics/bias/NOISE/2024-02.csv",), []),
    ):
        report = check_package(open_package(root), paths, use_cache=False)
        found = [d.code for d in report.diagnostics if d.code.startswith("CAL88")]
        assert found == expected


def test_the_command_checks_metrics_and_those_of_a_change(root):
    package = GitPackage(root)
    package.git("init", "--quiet", "-b", "main")
    add(root, metric(), metric(40))
    package.commit({defects_path(instrument="cam"): defects_text({"INSTRUME": "cam"})}, "Begin")
    (root / PATH).write_text("no metrics\n")
    package.commit(message="Break a file")
    other = "calibs/cam/metrics/bias/NOISE/2024-02.csv"
    for arguments, status in (
        ((), 1),
        (("--since", "HEAD~"), 1),
        (("--since", "HEAD"), 0),
        ((PATH,), 1),
        ((other,), 0),
    ):
        done = run_curated("check", *arguments, cwd=root)
        assert ("CAL881" in done.stdout, done.returncode) == (status == 1, status), (arguments, done.stdout)
