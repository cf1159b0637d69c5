"""New epochs and splits, against a model of what is in force at each time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set
from curated.editing.epochs import plan_epoch, plan_split
from curated.history.deprecation import resolve_contents
from curated.package.package import Package, open_package
from support.packages import defects_path, defects_text

DAY = timedelta(days=1)
BEGIN = datetime(2020, 1, 1)


def make(root: Path, epochs: dict[int, int | None]) -> Package:
    """Make a package with an epoch for each start, in days; and its VALIDEND."""
    root.mkdir()
    (root / "curated.yaml").write_text("")
    for start, end in epochs.items():
        time = BEGIN + start * DAY
        path = root / defects_path(date=f"{time:%Y%m%dT%H%M%S}")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = defects_text(date=time.isoformat())
        # The width of the first box tells the epochs apart.
        text = text.replace("# schema", f"# - {{EPOCH: {start}}}\n# schema")
        if end is not None:
            text = text.replace(
                "# schema", f"# - {{VALIDEND: '{(BEGIN + end * DAY).isoformat()}'}}\n# schema"
            )
        path.write_text(text)
    return open_package(root)


def in_force(package: Package, day: float) -> int | None:
    """Return the epoch, or the origin of the copy, that is in force on a day."""
    files = package.layout.files
    ranges, _ = resolve_contents(package, files, package.files)
    time = BEGIN + day * DAY
    file = next((f for f in files if time in ranges[f.path]), None)
    if file is None:
        return None
    text = package.files.read(file.path).decode()
    return int(text.split("EPOCH: ")[1].split("}")[0])


DAYS = [d + 0.5 for d in range(-2, 42)]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_in_force(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    starts = sorted(chance.sample(range(36), 4))
    ends: list[int | None] = [None] * 4
    for i, (start, following) in enumerate(zip(starts, [*starts[1:], 40], strict=True)):
        if chance.random() < 0.5 and following > start + 1:
            ends[i] = chance.randint(start + 1, following)
    package = make(tmp_path / "package", dict(zip(starts, ends, strict=True)))
    before = {day: in_force(package, day) for day in DAYS}
    start = chance.choice([d for d in range(-1, 39) if d not in starts])
    following = min((s for s in starts if s > start), default=40)
    until = chance.choice([None, *range(start + 1, following + 1)])
    then = chance.choice(["previous", "hole"])
    source = chance.choice(package.layout.files)
    own = starts[package.layout.files.index(source)]
    times = BEGIN + start * DAY, BEGIN + until * DAY if until is not None else None
    plan = plan_epoch(package, source, *times, "hole" if then == "hole" else "previous")
    assert not plan.failed
    write_file_set(package.root, plan.contents, before=plan.before)
    now = open_package(package.root)
    current_end = next(
        (e for s, e in zip(starts, ends, strict=True) if e is not None and s <= start < e), None
    )
    following = min((s for s in starts if s > start), default=99)
    end = until if until is not None else min(following, current_end if current_end is not None else 99)
    for day in DAYS:
        expected = own if start <= day < end else before[day]
        if until is not None and then == "hole" and until <= day < following:
            expected = None
        assert in_force(now, day) == expected, (starts, ends, start, until, then, day)


@pytest.mark.parametrize("end", [None, 20])
def test_a_split_changes_nothing(tmp_path: Path, end: int | None) -> None:
    package = make(tmp_path / "package", {0: end, 30: None})
    before = [in_force(package, day) for day in DAYS]
    plan = plan_split(package, package.layout.files[0], BEGIN + 10 * DAY)
    write_file_set(package.root, plan.contents, before=plan.before)
    now = open_package(package.root)
    assert [in_force(now, day) for day in DAYS] == before
    assert len(now.layout.files) == 3
    with pytest.raises(CuratedError, match="not within the range"):
        plan_split(now, now.layout.files[0], BEGIN + 10 * DAY)
