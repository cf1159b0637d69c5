"""What git shows: the text that it compares, and the difference of two contents, in its own protocol."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.report.git.content_text import (
    Surroundings,
    conditions_of,
    content_lines,
    external_difference,
    read_content,
)
from curated.types.camera import CameraGeometry
from curated.types.crosstalk import Crosstalk
from support.changes import OLD, version
from support.demo import DEMO, demo_calib, demo_path

ZEROS, MODE = "0" * 40, "100644"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory outside of any package, as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(path: Path) -> list[str]:
    return list(content_lines(read_content(str(path))))


def difference(old: Path | None, new: Path | None, path: str = OLD, *renaming: str) -> list[str]:
    sides = []
    for file in (old, new):
        sides += [str(file), ZEROS, MODE] if file is not None else ["/dev/null", ".", "."]
    return list(external_difference([path, *sides, *renaming]))


def write(place: Path, name: str, content: str | bytes) -> Path:
    path = place / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_of_a_calibration_and_of_its_fits_file(place: Path) -> None:
    text = lines(write(place, "20200101T000000.ecsv", version(OLD)))
    assert text[0].startswith("defects: ")
    assert "  pixels: 12" in text
    # The name that git gives a temporary file says nothing of the directories.
    shutil.copy(demo_path("crosstalk", "d00"), place / "Xyz_20200101T000000.yaml")
    text = lines(place / "Xyz_20200101T000000.yaml")
    assert text[0].startswith("crosstalk: ")
    demo_calib("crosstalk", "d00").writeFits(place / "a.fits")
    stored = lines(place / "a.fits")
    values = text.index("values")
    assert stored[stored.index("values") :] == text[values:]


def test_text_of_an_image(place: Path) -> None:
    pixels = np.full((4, 5), 7, "f4")
    fits.PrimaryHDU(pixels).writeto(place / "a.fits")
    assert lines(place / "a.fits")[:2] == ["HDU 0 PRIMARY, 4x5", "  median 7, scatter 0, 0 bad pixels"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no calibration\n",
        "x: [\n",
        b"\xff\xfe\0\x1b[31m",
        "version https://git-lfs.github.com/spec/v1\noid x\n",
        "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n",
        version(OLD).replace("x0 y0", "x0 y9"),
        b"SIMPLE  =",
        b"\0" * 10000,
    ],
)
@pytest.mark.parametrize("ending", ["ecsv", "yaml", "json", "fits"])
def test_what_is_no_calibration_is_plain_text(place: Path, content: str | bytes, ending: str) -> None:
    path = write(place, f"20200101T000000.{ending}", content)
    if content == b"SIMPLE  =":
        return  # the command falls back, see there
    text = lines(path)
    assert all(line.isprintable() for line in text)
    assert bool(text) is bool(content)


def test_difference_of_a_changed_calibration(place: Path) -> None:
    old, new = write(place, "a.ecsv", version(OLD)), write(place, "b.ecsv", version(OLD, x0=3))
    assert difference(old, new) == [
        f"diff --curated a/{OLD} b/{OLD}",
        "  pixels_gained +8 pix",
        "  pixels_lost +8 pix",
        "  differs in x0",
    ]
    same = write(place, "c.ecsv", version(OLD).replace("1 2 3 4", "1  2 3 4"))
    assert difference(old, same)[1:] == ["  no physical change: the files differ, their values do not"]


def test_many_names_fit_a_terminal(place: Path) -> None:
    keywords = [f"KEYWORD_WITH_A_LONG_NAME_{number}" for number in range(5)]
    text = version(OLD)
    changed = text.replace("\n# schema", "".join(f"\n# - {{{name}: 1}}" for name in keywords) + "\n# schema")
    assert changed != text
    lines_shown = difference(write(place, "a.ecsv", text), write(place, "b.ecsv", changed))[1:]
    assert " ".join(" ".join(lines_shown).split()) == f"differs in {', '.join(keywords)}"
    assert max(map(len, lines_shown)) <= 80


def test_difference_of_added_and_deleted_calibrations(place: Path) -> None:
    path = write(place, "a.ecsv", version(OLD))
    assert difference(None, path)[1:] == ["new file mode 100644", "  pixels_gained +12 pix"]
    assert difference(path, None)[1:] == ["deleted file mode 100644", "  pixels_lost +12 pix"]
    curve = demo_path("transmission_optics")
    added = difference(None, curve, "calibs/demo/transmission_optics/20200101T000000.ecsv")
    assert any(line.startswith("    zero_point u: ") for line in added)


def test_renaming_modes_and_conflicts(place: Path) -> None:
    path = write(place, "a.ecsv", version(OLD))
    new = OLD.replace("2020", "2021")
    assert difference(path, path, OLD, new, f"similarity index 90%\nrename from {OLD}\nrename to {new}\n")[
        :4
    ] == [
        f"diff --curated a/{OLD} b/{new}",
        "similarity index 90%",
        f"rename from {OLD}",
        f"rename to {new}",
    ]
    modes = [OLD, str(path), ZEROS, "100644", str(path), ZEROS, "100755"]
    assert list(external_difference(modes))[1:] == ["old mode 100644", "new mode 100755"]
    modes[2] = modes[5] = "a" * 40
    assert len(list(external_difference(modes))) == 3
    assert list(external_difference([OLD])) == [f"* Unmerged path {OLD}"]
    for wrong in ([], [OLD, "x"], [OLD] * 8):
        with pytest.raises(CuratedError):
            list(external_difference(wrong))


def test_what_is_no_calibration_is_compared_line_by_line(place: Path) -> None:
    old, new = write(place, "a.ecsv", version(OLD)), write(place, "b.ecsv", "x\ny\n")
    text = difference(old, new)
    assert text[1].startswith("@@ ")
    assert "+y" in text
    assert difference(new, write(place, "c.ecsv", "x\nz\n"))[2:] == [" x", "-y", "+z"]


def test_texts_that_describe_images(place: Path) -> None:
    text = demo_path("bias").read_text()
    path = "calibs/demo/bias/g00/20200101T000000.yaml"
    old, sha = write(place, "a.yaml", text), text.partition("sha256: ")[2].split()[0].strip("\"',")
    new = write(place, "b.yaml", text.replace(sha, sha[::-1]))
    assert difference(old, new, path)[1] == "  another image; 'curated diff' measures its pixels"
    assert difference(old, old, path)[1:] == ["  no physical change: the files differ, their values do not"]


def test_names_cannot_control_a_terminal(place: Path) -> None:
    path = write(place, "a.ecsv", version(OLD))
    assert all(
        line.isprintable() for line in difference(path, None, "calibs/\x1b[2J\n::error::/defects/a.ecsv")
    )


def test_amplifiers_are_those_of_the_camera_in_force() -> None:
    path = DEMO / "crosstalk" / "d02" / "20200101T000000.ecsv"
    calib = Crosstalk.readText(path)
    camera = CameraGeometry.readText(DEMO / "camera" / "20200101T000000.yaml")
    detector = conditions_of(str(path), calib, Surroundings()).detector
    assert detector is not None
    expected = camera.detector("d02").amplifiers
    assert [amplifier.saturation for amplifier in detector.amplifiers] == [a.saturation for a in expected]
    assert all(amplifier.saturation > 0 for amplifier in detector.amplifiers)


def test_defects_are_named_by_the_comments_above_their_rows(place: Path) -> None:
    text = version(OLD)
    body = text.rstrip("\n").splitlines()
    old = write(place, "20200101T000000.ecsv", text)
    new = write(place, "new.ecsv", "\n".join([*body, "# bright column", "40 0 1 5"]) + "\n")
    assert any("bright column" in line for line in difference(old, new, OLD))
