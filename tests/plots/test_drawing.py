"""Plots of many changes, and the directories that they are written into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.declare import Conditions
from curated.difference.change import Change
from curated.difference.measuring import PackagePairs, changed_keys, measure_changes
from curated.difference.revisions import open_states
from curated.difference.wording import change_names
from curated.history.changes import Changes
from curated.package.package import open_package
from support.changes import EPOCHS, MIDDLE, OLD, version
from support.packages import defects_path

pytest.importorskip("matplotlib")

from curated.plots.drawing import INDEX, Drawing, Task, draw_changes, find_old_plots, write_plots


@pytest.fixture
def states(make_package: MakePackage) -> Changes:
    """Three changes: an edit, a removed epoch, and a file that cannot be read."""
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3), MIDDLE: None, defects_path(1): "none"})
    return open_states(open_package(package.path), ()).changes


def tasks_of(changes: Changes, form: str = "png", *, for_page: bool = False) -> list[Task]:
    measured = list(measure_changes(changes, changed_keys(changes), Conditions(), {}, jobs=1))
    return [
        Task(name, change, form, for_page)
        for name, change in zip(change_names(measured), measured, strict=True)
    ]


def test_drawings_do_not_depend_on_the_number_of_processes(states: Changes) -> None:
    tasks = tasks_of(states, for_page=True)
    steps: list[tuple[int, int]] = []
    one = list(
        draw_changes(
            PackagePairs(states), tasks, Conditions(), jobs=1, progress=lambda *step: steps.append(step)
        )
    )
    assert one == list(draw_changes(PackagePairs(states), tasks, Conditions(), jobs=2))
    assert [drawing.name for drawing in one] == [task.name for task in tasks]
    assert steps == [(n, len(tasks)) for n in range(1, len(tasks) + 1)]
    for drawing in one:
        assert drawing.file.startswith(b"\x89PNG")
        assert drawing.picture is not None


def test_what_cannot_be_read_is_a_problem(states: Changes) -> None:
    change = Change(tasks_of(states)[0].change.key, None, defects_path(1), unreadable=(defects_path(1),))
    (drawing,) = draw_changes(PackagePairs(states), [Task("x", change, "png")], Conditions())
    assert (drawing.file, drawing.problem) == (b"", "neither calibration can be read")


def test_a_directory_and_its_index(states: Changes, tmp_path: Path) -> None:
    tasks, directory = tasks_of(states, "svg"), tmp_path / "a" / "plots"
    drawings = [Drawing(task.name, b"<svg/>") for task in tasks[:-1]] + [
        Drawing(tasks[-1].name, problem="why")
    ]
    assert list(write_plots(directory, tasks, drawings)) == drawings
    index = json.loads((directory / INDEX).read_text())
    assert (index["format"], index["version"]) == ("curated-plots", 1)
    files = [plot["file"] for plot in index["plots"]]
    assert files == [*(f"{task.name}.svg" for task in tasks[:-1]), None]
    assert index["plots"][-1]["problem"] == "why"
    assert sorted(path.name for path in directory.iterdir()) == sorted([*files[:-1], INDEX])
    # The next comparison takes the place of this one.
    old = find_old_plots(directory)
    assert old == sorted(files[:-1])
    list(write_plots(directory, tasks[:1], [Drawing(tasks[0].name, b"new")], old))
    assert sorted(path.name for path in directory.iterdir()) == sorted([f"{tasks[0].name}.svg", INDEX])


def test_what_was_interrupted_is_begun_again(states: Changes, tmp_path: Path) -> None:
    directory = tmp_path / "plots"
    directory.mkdir()
    tasks = tasks_of(states)
    iterator = write_plots(directory, tasks, [Drawing(task.name, b"x") for task in tasks])
    next(iterator)
    iterator.close()  # type: ignore[attr-defined]
    assert find_old_plots(directory) == [f"{tasks[0].name}.png"]


def test_other_files_are_refused_or_stay(states: Changes, tmp_path: Path) -> None:
    directory = tmp_path / "plots"
    directory.mkdir()
    (directory / "thesis.png").write_bytes(b"mine")
    (directory / "notes").mkdir()
    with pytest.raises(CuratedError, match=r"no plots of 'curated diff': notes, thesis\.png") as caught:
        find_old_plots(directory)
    assert "--overwrite" in caught.value.hint
    tasks = tasks_of(states)
    list(
        write_plots(
            tmp_path, tasks[:1], [Drawing(tasks[0].name, b"x")], find_old_plots(directory, overwrite=True)
        )
    )
    assert (directory / "thesis.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "none",
        '{"format": "curated-plots", "plots": 3}',
        '{"format": "other", "plots": [{"file": "mine.png"}]}',
        '{"format": "curated-plots", "plots": [{"file": "../mine.png"}, {"file": 3}, 4, {"file": "mine.txt"}]}',
        "[" * 100_000,
    ],
)
def test_an_index_cannot_name_other_files(tmp_path: Path, content: str) -> None:
    directory = tmp_path / "plots"
    directory.mkdir()
    (tmp_path / "mine.png").write_bytes(b"mine")
    (directory / "mine.txt").write_bytes(b"mine")
    (directory / INDEX).write_text(content)
    with pytest.raises(CuratedError, match="holds files that are no plots"):
        find_old_plots(directory)
    assert find_old_plots(directory, overwrite=True) == []


def test_a_link_is_replaced_not_followed(states: Changes, tmp_path: Path) -> None:
    tasks, directory = tasks_of(states), tmp_path / "plots"
    target = tmp_path / "mine"
    target.write_bytes(b"mine")
    directory.mkdir()
    (directory / f"{tasks[0].name}.png").symlink_to(target)
    list(write_plots(directory, tasks[:1], [Drawing(tasks[0].name, b"x")]))
    assert target.read_bytes() == b"mine"
    assert (directory / f"{tasks[0].name}.png").read_bytes() == b"x"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CuratedError, match="cannot be used"):
        find_old_plots(tmp_path / "file")
    assert find_old_plots(tmp_path / "new") == []
