"""The in-toto statement of a bundle: deterministic, and in agreement with manifest and files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import GitPackage
from curated.bundle.checks.documents import ATTESTATION_FILE
from curated.bundle.proof.attestation import make_attestation, without_credentials
from curated.bundle.proof.inspection import inspect_bundle
from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.version import __version__
from curated.package.config import Silence
from curated.schema.attestation import ATTESTATION
from support.packages import DEMO_FILES
from support.programs import run_curated
from support.signatures import write_sums


@pytest.fixture(scope="module")
def attested(demo: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("attested") / "bundle"
    done = run_curated("bundle", output, "--attest", cwd=demo.path)
    assert done.returncode == 0, done.stderr
    return output


def statement_of(bundle: Path) -> dict[str, Any]:
    statement: dict[str, Any] = json.loads((bundle / ATTESTATION_FILE).read_text())
    return statement


def test_the_statement(attested: Path, demo: GitPackage) -> None:
    statement = statement_of(attested)
    Draft202012Validator(ATTESTATION).validate(statement)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    predicate = statement["predicate"]
    assert predicate["source"]["commit"] == demo.commits[-1]
    assert predicate["tool"] == {"name": "curated", "version": __version__}
    assert predicate["check"]["files"] == DEMO_FILES
    assert predicate["check"]["errors"] == 0
    files = {p.relative_to(attested).as_posix() for p in attested.rglob("*") if p.is_file()}
    assert {s["name"] for s in statement["subject"]} == files - {"SHA256SUMS", ATTESTATION_FILE}
    inspection = inspect_bundle(attested)
    assert (inspection.diagnostics, inspection.attested) == ((), True)


def test_the_same_commit_gives_the_same_bytes(attested: Path, bundle: Path, demo: GitPackage) -> None:
    again = attested.with_name("again")
    assert run_curated("bundle", again, "--attest", cwd=demo.path).returncode == 0
    assert (again / ATTESTATION_FILE).read_bytes() == (attested / ATTESTATION_FILE).read_bytes()
    assert (bundle / "manifest.json").read_bytes() == (attested / "manifest.json").read_bytes()
    assert not (bundle / ATTESTATION_FILE).exists()


def commit(statement: dict[str, Any]) -> None:
    statement["predicate"]["source"]["commit"] = "0" * 40


def address(statement: dict[str, Any]) -> None:
    statement["predicate"]["source"]["uri"] = "https://example.org/other"


def label(statement: dict[str, Any]) -> None:
    statement["predicate"]["release"]["label"] = "v9"


def version(statement: dict[str, Any]) -> None:
    statement["predicate"]["tool"]["version"] = "9.9"


def dirty(statement: dict[str, Any]) -> None:
    statement["predicate"]["source"]["dirty"] = True


def errors(statement: dict[str, Any]) -> None:
    statement["predicate"]["check"]["errors"] = 1


def hash_of_a_file(statement: dict[str, Any]) -> None:
    statement["subject"][0]["digest"]["sha256"] = "0" * 64


def fewer_files(statement: dict[str, Any]) -> None:
    del statement["subject"][0]


def more_files(statement: dict[str, Any]) -> None:
    statement["subject"].append({"name": "files/more", "digest": {"sha256": "0" * 64}})


def a_file_twice(statement: dict[str, Any]) -> None:
    statement["subject"].append({**statement["subject"][0], "digest": {"sha256": "1" * 64}})


def another_type(statement: dict[str, Any]) -> None:
    statement["predicateType"] = "https://slsa.dev/provenance/v1"


def no_subject(statement: dict[str, Any]) -> None:
    del statement["subject"]


def subject_of_text(statement: dict[str, Any]) -> None:
    statement["subject"] = "all"


def test_silenced_codes_are_attested() -> None:
    silence = Silence("CAL417", "calibs/*", "made by a program", date(2035, 12, 31))
    finding = Diagnostic.from_problem(Problem("CAL404", (), "x"), "a")
    report = Report(diagnostics=(finding, finding), silenced=3)
    repository = {"url": "", "sha1": "0" * 40, "dirty": False, "label": "v1"}
    manifest = {"repository": repository, "base": None, "datasets": []}
    statement = make_attestation(manifest, {"a": "0" * 64}, report, [silence])
    Draft202012Validator(ATTESTATION).validate(statement)
    check = statement["predicate"]["check"]
    assert (check["infos"], check["codes"], check["silenced"]) == (2, {"CAL404": 2}, 3)
    entry = {"code": "CAL417", "path": "calibs/*", "reason": "made by a program", "until": "2035-12-31"}
    assert check["silences"] == [entry]


CHANGES = [
    *(commit, address, label, version, dirty, errors, hash_of_a_file, fewer_files, more_files, a_file_twice),
    *(another_type, no_subject, subject_of_text),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_it_must_agree(attested: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    bundle = shutil.copytree(attested, tmp_path / "bundle", copy_function=lambda a, b: Path(b).hardlink_to(a))
    statement = statement_of(bundle)
    change(statement)
    for name in (ATTESTATION_FILE, "SHA256SUMS"):
        (bundle / name).unlink()
    (bundle / ATTESTATION_FILE).write_text(json.dumps(statement))
    write_sums(bundle)
    assert {finding.code for finding in inspect_bundle(bundle).diagnostics} == {"CAL687"}


@pytest.mark.parametrize("text", ["", "[]", "null", "NaN", "[" * 20000, "\ufeff{}", '{"_type": 1e999}'])
def test_it_must_be_a_statement(attested: Path, tmp_path: Path, text: str) -> None:
    bundle = shutil.copytree(attested, tmp_path / "bundle", copy_function=lambda a, b: Path(b).hardlink_to(a))
    for name in (ATTESTATION_FILE, "SHA256SUMS"):
        (bundle / name).unlink()
    (bundle / ATTESTATION_FILE).write_text(text)
    write_sums(bundle)
    assert {finding.code for finding in inspect_bundle(bundle).diagnostics} == {"CAL687"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://ada:secret@example.org/calibs", "https://example.org/calibs"),
        ("https://token@example.org:8443/calibs?key=1#x", "https://example.org:8443/calibs"),
        ("ssh://git@example.org/calibs", "ssh://example.org/calibs"),
        ("https://a@b@example.org/", "https://example.org/"),
        ("", ""),
        ("https://[bad", ""),
        ("https://example.org/calibs", "https://example.org/calibs"),
    ],
)
def test_no_credentials(text: str, clean: str) -> None:
    assert without_credentials(text) == clean
