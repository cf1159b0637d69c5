"""``curated audit``: what it prints, an image of a real Butler repository, and input that does not mean well."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from astropy.io import fits
from lsst.daf.butler import Butler, DataCoordinate, DatasetProvenance, DatasetRef, DatasetType, Timespan

from conftest import MakePackage
from curated.audit.auditor import audit
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.fits.header import BLOCK, cards
from curated.package.package import open_package
from curated.report.text import printable
from support.changes import EPOCHS, OLD, version
from support.packages import tagged_demo
from support.processed import RAW, Applied, applied, isr_keywords, write_image
from support.programs import printed_json, run_curated

RUN = "Lab/calib/v1/curated/20200101T000000Z"


def test_text_and_json(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.git("tag", "v1")
    old, new = package.commits[0], package.commit({OLD: version(OLD, x0=5)})
    bias = Applied("bias", "bias", str(uuid.uuid4()), "u/somebody/bias")
    write_image(package.path / "images/a.fits", isr_keywords(applied("defects", "defects", RUN), bias))
    run = RUN.replace("2020", "2022")
    late = {**RAW, "DATE-BEG": "2023-01-01T00:00:00"}
    write_image(package.path / "images/b.fits", isr_keywords(applied("defects", "defects", run)), late)
    done = run_curated("audit", "--effects", "images", cwd=package.path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "images/a.fits\n"
        "  Lab, 2021-06-01T00:00:00 UTC, detector 0, filter r\n"
        "  superseded   DEFECTS\n"
        f"    was  {OLD}\n"
        f"         release v1, commit {old[:12]}\n"
        "    now  another content of the same file\n"
        f"         since {new[:12]} 2024-01-02T00:00:00 Ada Astronomer\n"
        "         pixels_gained +12 pix\n"
        "         pixels_lost +12 pix\n"
        "  not curated  BIAS\n"
        "images/b.fits\n"
        "  Lab, 2022-12-31T23:59:23 UTC, detector 0, filter r\n"
        "  in force     DEFECTS\n"
        "    is   calibs/lab/defects/d00/20220101T000000.ecsv\n"
        f"         release v1, commit {old[:12]}\n"
        "2 files, 3 calibrations: 1 in force, 1 superseded, 1 not curated\n"
    )
    document = printed_json(run_curated("audit", "images/a.fits", "--format", "json", cwd=package.path))
    assert document["counts"]["superseded"] == 1
    (entry, _) = document["files"][0]["calibrations"]
    assert (entry["status"], entry["file"], entry["commit"], entry["in_force"]) == (
        "superseded",
        OLD,
        old,
        OLD,
    )
    assert entry["since"]["sha1"] == new
    assert run_curated("audit", "images", "--rev", "v1", cwd=package.path).returncode == 0


def test_nothing_to_audit_is_exit_2(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    for arguments in ([], [tmp_path / "empty"], ["--rev", "none", package.path / OLD]):
        (tmp_path / "empty").mkdir(exist_ok=True)
        done = run_curated("audit", *arguments, cwd=package.path)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert "Traceback" not in done.stderr


# -- a repository -----------------------------------------------------------------------------------------


def test_an_image_of_a_real_repository(tmp_path: Path) -> None:
    """Calibrations come from a Butler repository that curated filled; a stand-in for the task writes the image."""
    package = tagged_demo(tmp_path / "package", ["defects", "crosstalk", "transmission_filter"])
    build_bundle(open_package(package.path), tmp_path / "bundle")
    import_bundle(tmp_path / "bundle", str(tmp_path / "repo"))
    image = tmp_path / "visit.fits"
    with Butler.from_config(str(tmp_path / "repo")) as butler:
        at = Timespan.fromInstant(_time("2024-06-01T00:00:00"))
        uses = {}
        for connection, name, more in (
            ("defects", "defects", {"detector": 0}),
            ("crosstalk", "crosstalk", {"detector": 0}),
            ("filterTransmission", "transmission_filter", {"physical_filter": "r"}),
        ):
            ref = butler.find_dataset(name, instrument="Demo", **more, collections="Demo/calib", timespan=at)
            assert ref is not None, name
            uses[connection] = ref
        _write(image, butler, uses)
        stamps = {name.upper(): fits.getheader(butler.getURI(ref).ospath) for name, ref in uses.items()}
    (file,) = audit(open_package(package.path), [str(image)]).files
    assert [(s.status.value, s.use.role) for s in file.standings] == [
        ("in force", "CROSSTALK"),
        ("in force", "DEFECTS"),
        ("in force", "FILTERTRANSMISSION"),
    ]
    for standing in file.standings:
        stamp = stamps[standing.use.role]
        assert standing.source is not None
        assert standing.source.path == stamp["REPOPATH"]
        assert (standing.source.commit, standing.source.blob) == (stamp["REPOSHA1"], stamp["BLOBSHA1"])


def _time(text: str) -> object:
    from astropy.time import Time

    return Time(text, scale="utc")


def _write(path: Path, butler: Butler, uses: dict[str, DatasetRef]) -> None:
    """Write an image as ``IsrTaskLSST.runQuantum`` and the formatter of Butler do."""
    data_id = DataCoordinate.standardize(
        instrument="Demo", detector=0, physical_filter="r", universe=butler.dimensions
    )
    provenance = DatasetProvenance(quantum_id=uuid.uuid4())
    keywords: dict[str, object] = {}
    for connection, ref in sorted(uses.items()):
        provenance.add_input(ref)
        keywords |= isr_keywords(Applied(connection, ref.datasetType.name, str(ref.id), ref.run))
    dataset_type = DatasetType(
        "postISRCCD", ("detector", "physical_filter"), "Exposure", universe=butler.dimensions
    )
    ref = DatasetRef(dataset_type, data_id.subset(dataset_type.dimensions), run="u/somebody/isr")
    keywords |= provenance.to_flat_dict(
        ref, prefix="LSST BUTLER", sep=" ", simple_types=True, max_inputs=3000
    )
    write_image(path, keywords, {"DATE-BEG": "2024-06-01T00:00:37", "TIMESYS": "TAI"})


# -- input that does not mean well ----------------------------------------------------------------------------


def test_hostile_headers(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.git("tag", "v1")
    images = package.path / "images"
    keywords = isr_keywords(applied("defects", "defects", RUN))
    evil = "\\x1b[31m::error::<script>"
    write_image(
        images / "names.fits", {**keywords, "LSST CALIB RUN ::ERROR": evil}, {**RAW, "INSTRUME": evil}
    )
    write_image(images / "\x1b[2J\n::error::.fits", keywords)
    _write_many_inputs(images / "many.fits", 10_000)
    write_image(images / "times.fits", keywords, {**RAW, "DATE-BEG": "9999-12-31T23:59:59"})
    write_image(images / "early.fits", keywords, {**RAW, "DATE-BEG": "0001-01-01T00:00:00"})
    write_image(images / "detector.fits", keywords, {**RAW, "DETECTOR": "9" * 60})
    (images / "link.fits").symlink_to(images / "many.fits")
    (images / "loop.fits").symlink_to(images / "loop.fits")
    os.mkfifo(images / "pipe.fits")
    content = (images / "names.fits").read_bytes()
    (images / "short.fits").write_bytes(content[:2000])
    start = time.monotonic()
    done = run_curated("audit", "images", cwd=package.path)
    assert time.monotonic() - start < 20
    assert (done.returncode, done.stderr) == (1, "")
    assert "Traceback" not in done.stdout
    assert all(printable(line) == line and not line.startswith("::") for line in done.stdout.splitlines())
    assert done.stdout.count("CAL460") == 3


def _write_many_inputs(path: Path, count: int) -> None:
    """Write a header of Butler with the IDs of many inputs; astropy would take seconds for it."""
    pairs = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), *RAW.items()]
    pairs += [
        (f"LSST BUTLER INPUT {n} ID", str(uuid.uuid5(uuid.NAMESPACE_DNS, str(n)))) for n in range(count)
    ]
    header = cards(pairs) + "END".ljust(80)
    path.write_bytes(header.ljust(-(-len(header) // BLOCK) * BLOCK).encode())


def test_a_thousand_files_are_a_matter_of_seconds(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.git("tag", "v1")
    package.commit({OLD: version(OLD, x0=5)})
    keywords = isr_keywords(applied("defects", "defects", RUN)) | {f"KEY{n}": n for n in range(300)}
    first = write_image(package.path / "images/0.fits", keywords)
    for n in range(1, 1000):
        os.link(first, first.with_name(f"{n}.fits"))
    start = time.process_time()
    result = audit(open_package(package.path), map(str, first.parent.iterdir()))
    assert time.process_time() - start < 8
    assert [count for count in result.counts.values() if count] == [1000]
