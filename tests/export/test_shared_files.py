"""Equal calibrations of an export, as one file; a round trip through a repository is in tests/package/test_sharing.py."""

from __future__ import annotations

from conftest import MakePackage
from curated.datasets.record import Dataset
from curated.export.report import ExportedCalib
from curated.export.shared_files import share_equal_files
from support.packages import read_tree
from support.sharing import TOP, copies, copy_text


def test_paths_after_merging(make_package: MakePackage) -> None:
    root = make_package(copies(d02=copy_text("d02", x0=5))).path
    paths = [f"{TOP}/d0{i}/20200101T000000.ecsv" for i in range(3)]
    datasets = [Dataset("defects", (("detector", number), ("instrument", "Lab"))) for number in (0, 7, 2)]
    exported = [
        ExportedCalib(dataset, path, (path,), is_original=False)
        for dataset, path in zip(datasets, paths, strict=True)
    ]
    shared = f"{TOP}/shared/20200101T000000.ecsv"
    result = share_equal_files(root, exported, 1)
    assert [(calib.path, calib.files) for calib in result] == [
        (paths[2], (paths[2],)),
        (shared, (shared,)),
        (shared, (shared,)),
    ]
    assert [path for path in read_tree(root) if path.startswith(TOP)] == [paths[2], shared]
    assert share_equal_files(root, result, 1) == result
