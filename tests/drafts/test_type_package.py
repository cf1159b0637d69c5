"""Draft of a package with a type of one's own: installed, checked, and used in a package of calibrations."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.core.diagnostic import CuratedError
from curated.drafts.type_package import EXAMPLE, Quantity, draft_type_package, parse_quantity
from support.packages import defects_path, defects_text
from support.programs import run_command, run_curated

QUANTITIES = (Quantity("trappedCharge", "electron"), Quantity("decayTime", "s"), Quantity("rank"))


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def install(source: Path, site: Path) -> None:
    """Install a package as pip does, without dependencies and without a network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "--target", str(site), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("draft")
    write(root, draft_type_package("persistence", QUANTITIES, title="Persistence of bright sources"))
    return root


@pytest.fixture(scope="module")
def site(draft: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    install(draft, site)
    return site


@pytest.fixture
def package(draft: Path, tmp_path: Path) -> Iterator[GitPackage]:
    """A package of calibrations with a file of the type, and the line that names its distribution."""
    package = GitPackage(tmp_path / "package")
    example = (draft / "tests" / EXAMPLE).read_text().replace("Example", "lab")
    package.write(
        {
            "curated.yaml": "types:\n  persistence: curated-persistence>=0.1\n",
            f"calibs/lab/persistence/d00/{EXAMPLE}": example,
            defects_path(0): defects_text(),
        }
    )
    package.git("init", "--quiet")
    package.commit()
    return package


def findings(package: GitPackage, **environment: str) -> list[str]:
    done = run_curated("check", "--format", "json", cwd=package.path, **environment)
    assert done.returncode in (0, 1), done.stderr
    return [f"{f['code']} {f['message']}" for f in json.loads(done.stdout)["findings"]]


def test_its_own_tests_pass_and_its_declaration_is_sound(draft: Path, site: Path) -> None:
    environment = {"PYTHONPATH": str(site)}
    done = run_curated(
        "types", "--check", "persistence", "--example", draft / "tests" / EXAMPLE, **environment
    )
    assert (done.returncode, done.stdout) == (0, "persistence (curated-persistence 0.1.0): sound\n")
    described = run_curated("types", "persistence", "--format", "json", **environment).stdout
    assert json.loads(described)["types"][0]["distribution"] == "curated-persistence 0.1.0"
    tests = run_command(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            str(draft / "tests"),
        ],
        environment={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
    )
    assert "2 passed" in tests.stdout, tests.stdout + tests.stderr


def test_a_release_holds_it(package: GitPackage, site: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(site)}
    assert findings(package, **environment) == []
    done = run_curated("publish", tmp_path / "repo", cwd=package.path, **environment)
    assert done.returncode == 0, done.stderr
    got = run_command(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            "import sys; from lsst.daf.butler import Butler\n"
            "butler = Butler.from_config(sys.argv[1])\n"
            "(ref,) = butler.query_datasets('persistence', '*', find_first=False)\n"
            "calib = butler.get(ref)\n"
            "print(type(calib).__name__, calib.decayTime)\n",
            str(tmp_path / "repo"),
        ],
        environment={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
    )
    assert got.stdout == "Persistence {'C00': 1.0, 'C01': 1.5}\n", got.stderr


def test_the_schema_is_written_and_checked(package: GitPackage, site: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(site)}
    directory = ("--directory", tmp_path / "schemas")
    assert run_curated("schema", "write", *directory, cwd=package.path, **environment).returncode == 0
    assert (tmp_path / "schemas" / "persistence-1.0.schema.json").is_file()
    assert run_curated("schema", "check", *directory, cwd=package.path, **environment).returncode == 0
    done = run_curated("schema", "check", *directory, cwd=package.path)
    assert (done.returncode, "persistence-1.0.schema.json" in done.stdout) == (1, True)


def test_a_package_says_what_must_be_installed(package: GitPackage, site: Path) -> None:
    environment = {"PYTHONPATH": str(site)}
    absent = findings(package)
    assert any(
        finding.startswith("CAL007") and "pip install 'curated-persistence>=0.1'" in finding
        for finding in absent
    )
    for line, part in (
        (
            "persistence: curated-persistence>=2",
            "CAL007 persistence is declared by curated-persistence 0.1.0; run: ",
        ),
        ("persistence: other", "CAL007 persistence is declared by curated-persistence 0.1.0, not by other"),
        ("defects: other", "CAL007 defects is a type of curated itself"),
        ("persistence: 'other >='", "CAL007 persistence: 'other >=' is no requirement"),
        ("persistence: 'other; rm'", "CAL001"),
    ):
        package.write({"curated.yaml": f"types:\n  {line}\n"})
        assert any(finding.startswith(part) for finding in findings(package, **environment)), line
    package.write({"curated.yaml": ""})
    (finding,) = findings(package, **environment)
    assert (
        finding
        == "CAL008 persistence is a type of curated-persistence 0.1.0; the line is '  persistence: curated-persistence'"
    )


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("    def problems(self):\n        return iter([1 / 0])\n", ("check",)),
        ("    def fits_content(self):\n        raise KeyError('x')\n", ("convert", "-o", "../out", "--jobs", "1")),
        ("    def fits_content(self):\n        raise KeyError('x')\n", ("convert", "-o", "../out", "--jobs", "2")),
    ],
    ids=["check", "convert", "convert-by-two"],
)  # fmt: skip
def test_a_type_that_fails_is_no_bug_of_curated(
    package: GitPackage, site: Path, tmp_path: Path, text: str, command: tuple[str, ...]
) -> None:
    copy = tmp_path / "site"
    subprocess.run(["cp", "-r", str(site), str(copy)], check=True)
    module = copy / "curated_persistence" / "persistence.py"
    module.write_text(f"{module.read_text()}\n{text}")
    done = run_curated(*command, cwd=package.path, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "curated-persistence 0.1.0" in said
    assert "bug" not in said


@pytest.mark.parametrize(
    ("name", "quantities", "options", "message"),
    [
        ("Wave Front", QUANTITIES, {}, "cannot be the name of a type"),
        ("../x", QUANTITIES, {}, "cannot be the name of a type"),
        ("class", QUANTITIES, {}, "cannot be the name of a type"),
        ("bfkernel", QUANTITIES, {}, "is a calibration type already"),
        ("none", QUANTITIES, {}, "cannot be the name of a type"),
        ("wave", QUANTITIES, {"distribution": "numpy"}, "that of another package"),
        ("wave", QUANTITIES, {"distribution": "curated"}, "that of another package"),
        ("wave", QUANTITIES, {"distribution": "3d"}, "would install the module"),
        ("wave", (), {}, "a type needs a quantity"),
        ("wave", (Quantity("aB"), Quantity("a_b".replace("_b", "B"))), {}, "the column A_B would be there twice"),
        ("wave", QUANTITIES, {"distribution": "../x"}, "cannot be the name of a distribution"),
        ("wave", QUANTITIES, {"title": 'a"b'}, "is no title"),
        ("wave", QUANTITIES, {"title": "a\nb"}, "is no title"),
    ],
)  # fmt: skip
def test_names_that_cannot_be(
    name: str, quantities: tuple[Quantity, ...], options: dict[str, str], message: str
) -> None:
    with pytest.raises(CuratedError, match=message):
        draft_type_package(name, quantities, **options)


def test_quantities_of_the_command_line() -> None:
    assert parse_quantity("decayTime=s") == Quantity("decayTime", "s")
    assert parse_quantity("rank") == Quantity("rank")
    assert Quantity("decayTime").column == "DECAY_TIME"
    for text, message in (
        ("a b=s", "cannot be the name"),
        ("metadata", "cannot be"),
        ("inputs", "something else"),
        ("problems", "something else"),
        ("amplifier", "something else"),
        ("OBSTYPE", "cannot be the name"),
        ("x=parsecond", "is not a unit"),
    ):
        with pytest.raises(CuratedError, match=message):
            parse_quantity(text)
