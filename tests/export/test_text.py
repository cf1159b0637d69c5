"""Datasets read from their files, compressed ones too, and written as texts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.registry import get_type
from support.exports import (
    TICKET,
    PipelineRepository,
    errors,
    export,
    out,
    paths,
    read_keywords,
    write_compressed_bias,
)
from support.programs import curated_command, run_curated

FIRST = "calibs/lab/defects/r00_s00"


@pytest.mark.parametrize("packed", [False, True])
def test_images_of_the_stack_are_unpacked(lab: PipelineRepository, *, packed: bool) -> None:
    image = np.random.RandomState(1).normal(100, 2, (32, 48)).astype("f4")
    mask = np.zeros((32, 48), "i4")
    mask[3, 4] = 1
    lab.add(
        "2024-03-01",
        kind="bias",
        path=write_compressed_bias(lab.files / "bias.fits", image, mask, packed=packed),
    )
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == ["calibs/lab/bias/r00_s00/20240301T000000.yaml"]
    calib = get_type("bias").readText(out(lab) / paths(report)[0])
    assert np.array_equal(calib.image, image)
    assert np.array_equal(calib.mask, mask)
    assert calib.unit == "adu"
    with fits.open(out(lab) / "calibs/lab/bias/r00_s00/20240301T000000.fits", checksum=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "IMAGE", "MASK"]
    assert errors(out(lab)) == []


def test_one_that_cannot_be_written_leaves_the_others_and_no_false_range(lab: PipelineRepository) -> None:
    lab.add("2020-01-01", "2021-01-01")
    broken = lab.add("2021-01-01", "2022-01-01")
    gone = lab.add("2022-01-01", "2023-01-01")
    lab.add("2023-01-01")
    for ref, change in ((broken, lambda path: path.write_bytes(b"SIMPLE  =")), (gone, Path.unlink)):
        change(Path(lab.butler.getURI(ref).ospath))
    lab.add("2020-01-01", name="oddity", dimensions=("instrument", "detector", "physical_filter"))
    lab.add("2020-01-01", name="linearizerTest", dimensions=("instrument", "detector", "physical_filter"))
    done = run_curated("export", lab.root, "--collection", TICKET, "-o", out(lab))
    assert done.returncode == 1, done.stderr
    assert sorted(
        line.split(": error ")[1][:6] for line in done.stderr.splitlines() if ": error " in line
    ) == [
        "CAL660",
        "CAL660",
        "CAL661",
        "CAL661",
    ]
    assert str(gone.id) in done.stderr
    # Without the explicit end the first one would be in force for what cannot be written.
    texts = sorted((out(lab) / FIRST).glob("*.ecsv"))
    assert [path.stem for path in texts] == ["20200101T000000", "20230101T000000"]
    assert read_keywords(texts[0])["VALIDEND"] == "2021-01-01T00:00:00"
    assert errors(out(lab)) == []


def test_scratch_files_that_cannot_be_written_are_no_matter_of_a_dataset(lab: PipelineRepository) -> None:
    image = np.zeros((32, 48), "f4")
    path = write_compressed_bias(lab.files / "bias.fits", image, np.zeros((32, 48), "i4"), packed=False)
    lab.add("2024-03-01", kind="bias", path=path)
    command = curated_command("export", lab.root, "--collection", TICKET, "-o", out(lab))
    limited = ["bash", "-c", 'ulimit -f 4; "$@"', "bash", *command]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (done.returncode, "CAL661" in done.stderr) == (2, False), done.stderr
    assert done.stderr.startswith("curated: error: File too large: ")
    assert not out(lab).exists()


def test_a_dataset_type_of_another_name_is_known_by_its_obstype(lab: PipelineRepository) -> None:
    lab.add("2020-01-01", name="linearizerTest")
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == [f"{FIRST}/20200101T000000.ecsv"]
