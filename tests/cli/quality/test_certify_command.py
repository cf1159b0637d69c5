"""``curated certify``: what it asks for, what it writes, and that nothing gets into a release without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage
from curated.package.package import open_package
from support.commands import Commands, Done
from support.verification import (
    BIAS,
    INSTRUMENT,
    RECORD,
    WAIVERS,
    make_package,
    pattern,
    waivers,
    write_bias,
    write_frames,
)

CERTIFY = ("--from", "2024-01-01", "--by", "Ada Astronomer", "--ticket", "CAL-1", "--date", "2026-02-01")
NEW = BIAS.replace("20240101", "20240110")


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def package(tmp_path: Path) -> GitPackage:
    return make_package(tmp_path / "package")


def verify(commands: Commands, root: Path, **options: float) -> Done:
    frames = root.parent / f"frames{len(list(root.parent.iterdir()))}"
    write_frames(frames, 1, **options)
    return commands(root, "verify", BIAS, "--exposures", frames, "--by", "Ada", "-j", "1")


def codes(commands: Commands, root: Path) -> list[str]:
    done = commands(root, "check", "--no-cache", "--format", "json")
    return [finding["code"] for finding in done.json["findings"]]


def test_a_verified_calibration_is_certified(commands: Commands, package: GitPackage) -> None:
    root = package.path
    assert verify(commands, root).status == 0
    done = commands(root, "certify", BIAS, *CERTIFY)
    assert done.status == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{BIAS}: changed",
        f"{BIAS}: certified from 2024-01-01T00:00:00 to further notice by Ada Astronomer (CAL-1)",
    ]
    assert codes(commands, root) == []
    text = (root / BIAS).read_text()
    assert "Certified from 2024-01-01T00:00:00 to further notice (CAL-1)" in text
    (file,) = [f for f in open_package(root).layout.files if f.path == BIAS]
    assert file.record == RECORD


def test_another_range_renames_all_its_files(commands: Commands, package: GitPackage) -> None:
    root = package.path
    verify(commands, root)
    done = commands(
        root,
        "certify",
        BIAS,
        "--from",
        "2024-01-10",
        "--until",
        "2025-01-01",
        *CERTIFY[2:],
        "--format",
        "json",
    )
    assert done.status == 0, done.stderr
    assert {(f["path"].rpartition("/")[2], f["state"]) for f in done.json["files"]} == {
        *((f"20240110T000000.{ending}", "new") for ending in ("yaml", "fits", "verify.yaml")),
        *((f"20240101T000000.{ending}", "removed") for ending in ("yaml", "fits", "verify.yaml")),
    }
    assert done.json["certifications"][0]["end"] == "2025-01-01T00:00:00"
    assert codes(commands, root) == []
    assert "VALIDEND: '2025-01-01T00:00:00'" in (root / NEW).read_text()
    assert commands(root, "lookup", "cam", "bias", "--detector", "d00", "--at", "2024-01-05").status == 1
    text = (root / NEW).read_text()
    (root / NEW).write_text(text.replace("VALIDEND: '2025", "VALIDEND: '2026"))
    assert codes(commands, root) == ["CAL834"]


def test_what_is_not_verified_is_refused(commands: Commands, package: GitPackage) -> None:
    root = package.path
    before = (root / BIAS).read_bytes()

    def refusal() -> str:
        done = commands(root, "certify", BIAS, *CERTIFY)
        assert done.status == 1
        assert done.stdout == ""
        assert (root / BIAS).read_bytes() == before
        return done.stderr

    assert "it has no record of verification" in refusal()
    assert commands(root, "verify", BIAS, "--by", "Ada", "-j", "1").status == 1
    assert "BIAS-MEAN was not run (no exposures were given)" in refusal()
    assert verify(commands, root, level=5.0).status == 1
    assert "BIAS-MEAN A frame0.fits is 10.0" in refusal()
    (root / RECORD).write_text((root / RECORD).read_text().replace("verdict: fail}", "verdict: pass}"))
    assert "its record has errors: CAL832" in refusal()
    assert verify(commands, root).status == 0
    write_bias(root, pattern() + 1)
    before = (root / BIAS).read_bytes()
    assert "its record is void: the calibration has changed since" in refusal()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"amplifier": None, "value": 3.0}, ""),
        ({"amplifier": None, "value": 0.25}, "worse than 0.25, which Ada Astronomer waived"),
        (
            {"amplifier": None, "value": 3.0, "until": "2026-02-01"},
            "the waiver of Ada Astronomer ended on 2026-02-01",
        ),
        ({"value": 3.0}, "BIAS-NOISE B"),
    ],
)
def test_failures_need_waivers(
    commands: Commands, package: GitPackage, values: dict[str, object], reason: str
) -> None:
    root = package.path
    assert verify(commands, root, noise=4.5).status == 1
    (root / WAIVERS).write_text(waivers(**values))
    done = commands(root, "certify", BIAS, *CERTIFY)
    if reason:
        assert done.status == 1
        assert reason in done.stderr
        return
    assert done.status == 0, done.stderr
    assert done.stdout.splitlines()[2].startswith("  waived: BIAS-NOISE d00 A frame0.fits: 0.4")
    assert "waived by Ada Astronomer (CAL-12)" in (root / BIAS).read_text()


def test_a_released_range_is_not_changed_silently(commands: Commands, package: GitPackage) -> None:
    root = package.path
    package.git("tag", "v1")
    verify(commands, root)
    later = ("--from", "2024-01-10", *CERTIFY[2:])
    done = commands(root, "certify", BIAS, *later)
    assert done.status == 1
    assert "is part of the release v1, and its range would change" in done.stderr
    assert commands(root, "certify", BIAS, *CERTIFY, "--dry-run").status == 0
    assert commands(root, "certify", BIAS, *later, "--change-released").status == 0


def test_nothing_gets_into_a_release_without_a_certification(
    commands: Commands, package: GitPackage, tmp_path: Path
) -> None:
    root = package.path
    required = INSTRUMENT + "certification: {types: [bias]}\n"
    verify(commands, root)
    package.commit({"calibs/cam/instrument.yaml": required}, "Ask for certifications")
    done = commands(root, "bundle", tmp_path / "bundle")
    assert done.status == 1
    assert "CAL833" in done.stdout + done.stderr
    assert not (tmp_path / "bundle").exists()
    assert commands(root, "certify", BIAS, *CERTIFY).status == 0
    package.commit(message="Certify")
    assert commands(root, "bundle", tmp_path / "bundle").status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "soon", "--by", "A", "--ticket", "T"), "soon"),
        (
            ("--from", "2024-01-01", "--until", "2023-01-01", "--by", "A", "--ticket", "T"),
            "is not after --from",
        ),
        (("--from", "2024-01-01", "--by", "A", "--ticket", "T", "--date", "today"), "is not a day"),
        (("--from", "2024-01-01", "--by", "A"), "--ticket"),
        (("--from", "2024-01-01", "--ticket", "T"), "--by"),
    ],
)
def test_usage(commands: Commands, package: GitPackage, arguments: tuple[str, ...], message: str) -> None:
    done = commands(package.path, "certify", BIAS, *arguments)
    assert done.status == 2
    assert message in done.stderr
