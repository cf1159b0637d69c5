"""Run the commands of docs/observatory.md against a PostgreSQL server and an object store."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import GitPackage
from support.packages import ROOT
from support.pages import assert_page_shows, commands, environment_with_curated
from support.servers import PASSWORD, Postgres, Store

pytest.importorskip("lsst.daf.butler")

FILE = ROOT / "docs/observatory.md"
PAGE = FILE.read_text("utf-8")
BUCKET = "observatory"


def without_numbers(text: str) -> str:
    """Replace numbers, UUIDs and the widths of columns."""
    text = re.sub(r"\d+(\.\d+)?", "N", re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "UUID", text))
    return re.sub(r"-{3,}", "---", re.sub(r" +", " ", text))


@pytest.fixture
def place(tmp_path: Path, postgres: Postgres, database: str, store_of_test: Store) -> Path:
    """A directory with a package and the configuration files that the page shows."""
    for name, text in re.findall(
        r"`([\w-]+\.yaml)`[^`]*:\n\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ):
        real = text.replace("db.example.org/calibs", f"127.0.0.1:{postgres.port}/{database}")
        (tmp_path / name).write_text(real)
        (tmp_path / name).chmod(0o600)
    package = GitPackage(tmp_path / "package")
    for part in ("calibs/demo/defects", "calibs/demo/crosstalk", "schemas"):
        shutil.copytree(ROOT / part, package.path / part)
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package.path / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", package.path)
    package.git("init", "--quiet")
    package.commit()
    store_of_test.client().create_bucket(Bucket=BUCKET)
    return tmp_path


def test_commands_print_what_the_page_shows(
    place: Path, store_of_test: Store, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    assert {path.name for path in place.glob("*.yaml")} == {"db-auth.yaml", "repositories.yaml", "site.yaml"}
    assert PASSWORD in (place / "db-auth.yaml").read_text()
    monkeypatch.setenv("LSST_DB_AUTH", str(place / "db-auth.yaml"))
    monkeypatch.setenv("DAF_BUTLER_REPOSITORY_INDEX", str(place / "repositories.yaml"))
    (place / "bin").mkdir()
    environment = environment_with_curated(place / "bin")
    # What the page assumes: a release, and a repository created by stock Butler.
    seed = (place / "site.yaml").read_text().replace("released", "main")
    for command in (
        "curated -q -C package bundle build/release --label v1",
        f"cat build/release/butler-seed.yaml - > main.yaml <<'E'\n{seed}E",
        f"butler create s3://{BUCKET}/main --override --seed-config main.yaml",
    ):
        subprocess.run(["bash", "-c", command], cwd=place, env=environment, check=True, capture_output=True)
    assert len(commands(PAGE)) >= 5
    update = request.config.getoption("--update-expected")
    assert_page_shows(FILE, place, environment, without_numbers, update=update)
    assert store_of_test.objects(BUCKET)
    for name in ("main", "released"):
        config = store_of_test.objects(BUCKET, (f"{name}/butler.yaml",))
        assert len(config) == 1
        assert PASSWORD.encode() not in next(iter(config.values()))
