"""Which release, commit and file a calibration comes from, by RUN and UUID."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import CCDData

import curated
from conftest import GitPackage, MakePackage
from curated.audit.standing import Status
from curated.bundle.builder import build_bundle
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.audits import DEFECTS, RUN, judge, run_audit, source
from support.changes import EPOCHS, OLD, version
from support.processed import RAW, Applied, applied, isr_keywords, write_image


def test_a_release_without_a_tag_is_its_commit(released: GitPackage) -> None:
    label = f"git-{released.commits[0][:12]}"
    standing = judge(released, isr_keywords(applied("defects", "defects", RUN.replace("v1", label))))
    assert source(standing) == (label, released.commits[0], OLD)
    label = f"{label}-dirty-01234567"
    standing = judge(released, isr_keywords(applied("defects", "defects", RUN.replace("v1", label))))
    assert standing.remarks == ("the release was made with changes that were not committed",)


def test_a_tag_with_a_slash(released: GitPackage) -> None:
    released.git(
        "tag", "-a", "-m", "note", "calibs/v2", GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@example.org"
    )
    standing = judge(released, isr_keywords(applied("defects", "defects", RUN.replace("v1", "calibs-v2"))))
    assert source(standing)[:2] == ("calibs-v2", released.commits[0])


def test_a_uuid_alone_is_found_among_all_releases(released: GitPackage) -> None:
    released.commit({OLD: version(OLD, x0=5)})
    assert source(judge(released, {"LSST CALIB UUID DEFECTS": DEFECTS.uuid})) == (
        "v1",
        released.commits[0],
        OLD,
    )
    commit = released.commits[1]
    other = applied("defects", "defects", RUN.replace("v1", f"git-{commit[:12]}"))
    assert source(judge(released, {"LSST BUTLER INPUT 12 ID": other.uuid}))[1] == commit


def test_a_run_alone(released: GitPackage) -> None:
    standing = judge(released, {"LSST CALIB RUN DEFECTS": RUN})
    assert source(standing)[2] == OLD
    assert standing.remarks == ("by its RUN alone, without a UUID",)


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (Applied("bias", "bias", str(uuid.uuid4()), "u/somebody/bias"), "UUID is none of a release"),
        (Applied("defects", "defects", str(uuid.uuid4()), "u/somebody/defects"), "UUID is none of a release"),
        (Applied("newThing", "newthing", str(uuid.uuid4()), RUN), "UUID is none of a release"),
        (applied("bias", "bias", "u/somebody/bias"), "RUN is none of a release"),
        (applied("camera", "camera", "Lab/calib/unbounded"), "RUN is none of a release"),
        (applied("newThing", "newthing", RUN), "RUN is none of a release"),
    ],
)
def test_what_is_not_curated(released: GitPackage, use: Applied, reason: str) -> None:
    standing = judge(released, isr_keywords(use))
    assert standing.status is Status.FOREIGN
    assert reason in standing.remarks[0]


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (applied("defects", "defects", RUN.replace("v1", "v7")), "release v7 is no tag"),
        (applied("defects", "defects", RUN.replace("v1", "git-0123456789ab")), "not in this repository"),
        (applied("defects", "defects", RUN, detector=1), "it is of detector 1"),
        (applied("defects", "defects", RUN, detector=99), "not that of its RUN"),
        (applied("defects", "defects", RUN.replace("2020", "2019")), "has no defects of this exposure"),
        (Applied("defects", "defects", "no-uuid", RUN), "UUID in the header is none"),
        (
            Applied("defects", "defects", str(uuid.uuid4()), RUN),
            "'butler write-curated-calibrations' writes such",
        ),
        (
            Applied("defects", "defects", str(uuid.uuid4()), "Lab/calib/curated/20200101T000000Z"),
            "'butler write-curated-calibrations' writes such",
        ),
        (Applied("defects", "defects", str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")), ""), "no release"),
    ],
)
def test_what_is_unknown(released: GitPackage, use: Applied, reason: str) -> None:
    keywords = {key: value for key, value in isr_keywords(use).items() if value}
    standing = judge(released, keywords)
    assert standing.status is Status.UNKNOWN
    assert reason in standing.remarks[0]


def test_a_release_that_is_no_tag_is_named(released: GitPackage) -> None:
    use = applied("defects", "defects", RUN.replace("v1", "w_2024"))
    assert source(judge(released, isr_keywords(use), releases=["w_2024=v1"]))[2] == OLD
    for wrong in ("w_2024", "w_2024=", "=v1", "a/b=v1", "w_2024=none"):
        with pytest.raises(CuratedError):
            judge(released, isr_keywords(use), releases=[wrong])


def test_a_manifest_is_evidence(released: GitPackage, make_package: MakePackage, tmp_path: Path) -> None:
    build_bundle(open_package(released.path), tmp_path / "bundle", label="odd")
    use = applied("defects", "defects", RUN.replace("v1", "odd"))
    assert judge(released, isr_keywords(use)).status is Status.UNKNOWN
    standing = judge(released, isr_keywords(use), bundles=[str(tmp_path / "bundle")])
    assert source(standing) == ("odd", released.commits[0], OLD)
    assert standing.status is Status.IN_FORCE
    # In a repository without that commit, the blob alone decides.
    other = make_package({**EPOCHS, "README.md": "another history"}, name="other")
    standing = judge(other, isr_keywords(use), bundles=[str(tmp_path / "bundle")])
    assert (standing.status, standing.since) == (Status.IN_FORCE, None)
    assert standing.remarks == ("the commit of its release is not in this repository",)
    with pytest.raises(CuratedError):
        judge(released, isr_keywords(use), bundles=[str(tmp_path)])


def test_an_instrument_that_a_repository_calls_otherwise(released: GitPackage) -> None:
    use = applied("defects", "defects", RUN.replace("Lab/", "LSSTLab/"), instrument="LSSTLab")
    assert "(--instrument DIR=LSSTLab)" in judge(released, isr_keywords(use)).remarks[0]
    assert source(judge(released, isr_keywords(use), names=["lab=LSSTLab"]))[2] == OLD
    for wrong, message in (
        ("lab", "'lab' is not DIRECTORY=NAME"),
        ("labb=LSSTLab", "the package has no instrument 'labb'"),
        ("lab=", "is not DIRECTORY=NAME"),
        ("lab=a/b", "is not DIRECTORY=NAME"),
    ):
        with pytest.raises(CuratedError, match=message):
            judge(released, isr_keywords(use), names=[wrong])


def test_a_history_that_is_cut_off_is_said(released: GitPackage) -> None:
    released.commit({"README.md": "text"})
    shallow = GitPackage(released.path.parent / "shallow")
    released.git(
        "clone", "--quiet", "--depth", "1", "--no-tags", f"file://{released.path}", str(shallow.path)
    )
    assert "git fetch --unshallow --tags" in judge(shallow, isr_keywords(DEFECTS)).remarks[0]


# -- records of curated's own apply -----------------------------------------------------------------------


def record(package: GitPackage, rev: str | None = None) -> dict[str, str]:
    """Return the keywords that `apply` writes for the defects of the exposure."""
    with curated.open(package.path, rev=rev) as calibrations:
        defects = calibrations.get("defects", instrument="lab", detector=0, at="2020-06-01")
    image = CCDData(np.zeros((40, 40)), unit="adu")
    return {key: value for key, value in defects.apply(image).meta.items() if key.startswith("CAL")}


def test_a_calibration_that_apply_recorded(released: GitPackage) -> None:
    raw = {**RAW, "DATE-BEG": "2020-06-01T00:00:00"}
    keywords = record(released, "v1")
    assert {"CALTYP1", "CALPTH1", "CALBLB1", "CALCMT1"} <= keywords.keys()
    standing = judge(released, keywords, raw)
    assert (standing.status, standing.remarks) == (Status.IN_FORCE, ())
    assert source(standing) == ("", released.commits[0], OLD)
    commit = released.commit({OLD: version(OLD, x0=5)})
    standing = judge(released, keywords, raw)
    assert standing.status is Status.SUPERSEDED
    assert standing.since is not None
    assert standing.since.sha1 == commit
    # Beside what the stack wrote it is one of two.
    path = write_image(released.path.parent / "both.fits", {**keywords, **isr_keywords(DEFECTS)}, raw)
    (file,) = run_audit(released, path).files
    assert [s.use.role for s in file.standings] == ["DEFECTS", "DEFECTS"]


def test_a_record_of_a_work_tree(released: GitPackage) -> None:
    raw = {**RAW, "DATE-BEG": "2020-06-01T00:00:00"}
    released.write({OLD: version(OLD, x0=5)})
    keywords = record(released)
    assert "CALCMT1" not in keywords
    standing = judge(released, keywords, raw)
    assert (standing.status, standing.remarks) == (Status.IN_FORCE, ("it was read from a work tree",))
    released.write({OLD: version(OLD, x0=6)})
    assert judge(released, keywords, raw).status is Status.SUPERSEDED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CALBLB1": ""}, "no path and blob of its text"),
        ({"CALPTH1": ""}, "no path and blob of its text"),
        ({"CALBLB1": "0" * 40}, "has no such content"),
        ({"CALBLB1": "none"}, "its blob or commit in the header is none"),
        ({"CALCMT1": "HEAD"}, "its blob or commit in the header is none"),
        ({"CALCMT1": ""}, None),
        ({"CALCMT1": "1" * 40}, None),
        ({"CALCMT1": "1" * 40, "CALPTH1": "../../etc/passwd"}, "no calibration of this package"),
        ({"CALPTH1": "calibs/lab/defects/d00/20990101T000000.ecsv"}, "has no such content"),
    ],
)
def test_records_that_are_incomplete_or_wrong(
    released: GitPackage, changes: dict[str, str], reason: str | None
) -> None:
    raw = {**RAW, "DATE-BEG": "2020-06-01T00:00:00"}
    keywords = {key: value for key, value in {**record(released, "v1"), **changes}.items() if value}
    standing = judge(released, keywords, raw)
    if reason is None:
        assert standing.status is Status.IN_FORCE
        assert standing.remarks
    else:
        assert standing.status is Status.UNKNOWN
        assert reason in standing.remarks[0]


def test_a_record_of_another_detector(released: GitPackage) -> None:
    raw = {**RAW, "DATE-BEG": "2020-06-01T00:00:00", "DETECTOR": 1}
    standing = judge(released, record(released, "v1"), raw)
    assert "which is not this exposure's" in standing.remarks[0]
