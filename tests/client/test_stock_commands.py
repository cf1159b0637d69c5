"""Every stock command that touches calibrations, on a repository that curated filled, and what curated says afterwards."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from support.preloaded import Programs

V1 = "Demo/calib/v1"
RUN = f"{V1}/curated/20230510T000000Z"
"""A run with one dataset: defects of d00 from 2023-05-10 on."""

TESTED = {
    "associate": "test_a_tagged_collection_beside_the_chain",
    "certify-calibrations": "test_certify_beside_the_release",
    "collection-chain": "test_chains_that_others_change",
    "config-validate": "test_queries",
    "create": "test_import_of_a_bundle",
    "export-calibs": "test_export_and_import",
    "import": "test_import_of_a_bundle",
    "ingest-zip": "test_artifacts_in_a_zip_file",
    "ingest-files": "test_a_file_that_an_expert_ingests",
    "prune-datasets": "test_datasets_that_are_purged",
    "query-collections": "test_queries",
    "query-data-ids": "test_queries",
    "query-dataset-types": "test_queries",
    "query-datasets": "test_queries",
    "query-dimension-records": "test_queries",
    "register-dataset-type": "test_queries",
    "remove-collections": "test_collections_that_are_removed",
    "remove-dataset-type": "test_queries",
    "remove-runs": "test_runs_that_are_removed",
    "retrieve-artifacts": "test_artifacts",
    "transfer-datasets": "test_transfer_to_another_repository",
}
"""The test of each command."""

UNRELATED = {
    "aggregate-graph": "reads and writes files of quantum graphs",
    "config-dump": "prints the configuration that 'create' wrote, without opening a repository",
    "ingest-graph": "ingests the provenance of outputs; calibrations are inputs",
    "provenance-report": "reads files of quantum graphs",
    "register-instrument": "needs the class of an instrument: tests/pages/test_stack.py",
    "retrieve-artifacts-for-quanta": "needs a file of a quantum graph: tests/client/test_quantum_graphs.py",
    "transfer-from-graph": "transfers outputs of a graph, of which calibrations are inputs",
    "zip-from-graph": "packs outputs of a graph, of which calibrations are inputs",
}
"""Why a command has no test here."""


@dataclass
class Site:
    """A repository that curated filled, with its bundle."""

    repo: Path
    bundle: Path
    programs: Programs

    def butler(self, *arguments: str | Path, status: int = 0) -> str:
        """Run a stock command, and return what it prints."""
        done = self.programs.run("butler", *arguments, cwd=self.repo.parent)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def curated(self, *arguments: str | Path, status: int = 0) -> str:
        """Run curated, and return what it prints."""
        done = self.programs.run("curated", *arguments, cwd=self.repo.parent)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def create(self) -> Path:
        """Create another repository."""
        other = self.repo.parent / "other"
        self.butler("create", other, "--seed-config", self.bundle / "butler-seed.yaml")
        return other

    def assert_unchanged(self, repo: Path | None = None) -> None:
        """Assert that curated finds everything as it left it."""
        repo = repo or self.repo
        assert "clean: " in self.curated("scrub", repo)
        assert "nothing would be changed" in self.curated("import", self.bundle, repo, "--dry-run")

    def assert_mended(self, *announced: str, repo: Path | None = None) -> None:
        """Assert that an import announces what it mends, and mends it."""
        repo = repo or self.repo
        plan = self.curated("import", self.bundle, repo, "--dry-run")
        for text in (*announced, "it can succeed"):
            assert text in plan, plan
        assert "nothing changed" not in self.curated("import", self.bundle, repo)
        assert "clean: " in self.curated("scrub", repo)


@pytest.fixture
def site(published: Path, bundle: Path, programs: Programs, tmp_path: Path) -> Site:
    """A repository with release v1, which a test may change."""
    return Site(Path(shutil.copytree(published, tmp_path / "repo")), bundle, programs)


def codes(output: str) -> set[str]:
    return set(re.findall(r"\bCAL\d{3}\b", output))


def test_every_command_has_a_test_or_a_reason(programs: Programs) -> None:
    text = programs.run("butler", "--help").stdout
    names = set(re.findall(r"^  ([a-z][a-z-]+)  ", text.partition("Commands:")[2], re.MULTILINE))
    assert names == TESTED.keys() | UNRELATED.keys()
    assert not TESTED.keys() & UNRELATED.keys()
    assert [test for test in TESTED.values() if test not in globals()] == []


# -- questions -------------------------------------------------------------------------------------------


def test_queries(site: Site) -> None:
    repo = site.repo
    text = site.butler("query-collections", repo, "--chains", "tree")
    assert re.search(rf"^Demo/calib +CHAINED *\n  {V1} +CALIBRATION", text, re.MULTILINE)
    assert re.search(rf"^{RUN} RUN", text, re.MULTILINE)
    # In the chain and in the release all eight, whenever they are valid; one cannot come first without a time.
    for collection in ("Demo/calib", V1, f"{V1}/*"):
        text = site.butler("query-datasets", repo, "defects", "--collections", collection)
        assert len(re.findall(rf"^defects {V1}/curated/", text, re.MULTILINE)) == 8, collection
    text = site.butler(
        "query-datasets", repo, "defects", "--collections", "Demo/calib", "--find-first", status=1
    )
    assert "Ambiguous calibration validity range match" in text
    text = site.butler("query-datasets", repo, "defects", "--collections", RUN, "--find-first")
    assert text.count(RUN) == 1
    text = site.butler("query-dimension-records", repo, "detector")
    assert re.search(r"^ +Demo +4 +g00 +S?G?00 +R0 +GUIDER$", text, re.MULTILINE), text
    text = site.butler("query-dataset-types", repo, "-v")
    assert re.search(r"^defects +\['instrument', 'detector'\] +Defects *$", text, re.MULTILINE)
    text = site.butler("query-data-ids", repo, "detector", "--datasets", "defects", "--collections", V1)
    assert re.findall(r"^ +Demo +(\d+)", text, re.MULTILINE) == ["0", "1", "2", "3"]
    # Butler keeps the definition of a type that is in use.
    kind = ("defects", "Defects", "instrument", "detector", "--is-calibration")
    assert "already existed in identical form" in site.butler("register-dataset-type", repo, *kind)
    text = site.butler("register-dataset-type", repo, "defects", "QECurve", *kind[2:], status=1)
    assert "is inconsistent with database definition" in text
    text = site.butler("remove-dataset-type", repo, "defects", status=1)
    assert "is associated with datasets that must be removed first" in text
    # A new repository has formatters for all types that curated has, also for those of which it holds nothing yet.
    text = site.butler("config-validate", repo, status=1)
    complaints = [line for line in text.splitlines() if "CRITICAL" in line]
    assert all(line.endswith("does not correspond to a DatasetType or StorageClass") for line in complaints)
    # Without them there is nothing to complain of.
    names = [line.split("'")[1] for line in complaints]
    text = site.butler("config-validate", repo, "--ignore", ",".join(names))
    assert "No problems encountered with configuration" in text
    site.assert_unchanged()


def test_artifacts(site: Site) -> None:
    (site.repo.parent / "files").mkdir()
    text = site.butler("retrieve-artifacts", site.repo, "files", "--collections", V1, "-d", "*", "-t", "copy")
    number = len(list((site.bundle / "files").rglob("*.fits")))
    assert f"Number of artifacts retrieved into destination files: {number}" in text
    hashes = [
        {path.read_bytes() for path in directory.rglob("*.fits")}
        for directory in (site.repo.parent / "files", site.bundle / "files")
    ]
    assert hashes[0] == hashes[1]


# -- an expert beside curated ----------------------------------------------------------------------------


def test_a_tagged_collection_beside_the_chain(site: Site) -> None:
    site.butler("associate", site.repo, "u/ada/good", "--collections", RUN, "-d", "defects")
    assert "TAGGED" in site.butler("query-collections", site.repo)
    site.assert_unchanged()


def test_certify_beside_the_release(site: Site) -> None:
    span = ("--begin-date", "2023-05-10T00:00:37", "--end-date", "2023-06-01T00:00:37")
    # Butler refuses a second answer for the same time in the release itself.
    text = site.butler("certify-calibrations", site.repo, RUN, V1, "defects", *span, status=1)
    assert "validity range conflicts certifying datasets of type defects" in text
    site.assert_unchanged()
    # Another time in the release is possible, and found.
    early = ("--begin-date", "2019-01-01T00:00:00", "--end-date", "2019-06-01T00:00:00")
    site.butler("certify-calibrations", site.repo, RUN, V1, "defects", *early)
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL692"}
    assert "certified for 2019-01-01T00:00:00 to 2019-06-01T00:00:00 TAI, 2023-05-10T00:00:37" in text
    text = site.curated("compare", site.bundle, site.repo, status=1)
    assert "+ 2018-12-31T23:59:23 to 2019-05-31T23:59:23" in text
    # A collection of one's own is the way; curated has nothing to say about it while it is in no chain.
    site.butler("certify-calibrations", site.repo, RUN, "Demo/calib/DM-1", "defects", *span)
    assert codes(site.curated("scrub", site.repo, status=1)) == {"CAL692"}


def test_a_file_that_an_expert_ingests(site: Site) -> None:
    file = next((site.bundle / "files/calibs/demo/defects/d01").glob("2020*.fits"))
    (site.repo.parent / "table.csv").write_text(f"path,detector\n{file},0\n")
    options = ("--data-id", "instrument=Demo", "-t", "copy")
    site.butler("ingest-files", site.repo, "defects", "u/ada/new", "table.csv", *options)
    site.assert_unchanged()
    site.butler(
        "certify-calibrations",
        site.repo,
        "u/ada/new",
        "Demo/calib/DM-2",
        "defects",
        "--begin-date",
        "2025-01-01T00:00:00",
    )
    # It is below Demo/calib: no import recorded it.
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL698"}
    assert "u/ada/new: warning CAL698 no record covers 1 dataset" in text
    assert "are in force in both" in site.curated("compare", site.bundle, site.repo)
    site.butler("collection-chain", site.repo, "Demo/calib", "--mode", "prepend", "Demo/calib/DM-2")
    text = site.curated("compare", site.bundle, site.repo, status=1)
    assert "1 product differs: 1 another content" in text


def test_chains_that_others_change(site: Site) -> None:
    chain = ("collection-chain", site.repo, "Demo/calib", "--mode")
    site.butler(*chain, "remove", V1)
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL696"}
    assert f"it is nothing; curated left it as {V1}" in text
    site.assert_mended("before            empty", f"after             {V1}")
    site.butler(*chain, "pop")
    site.butler(*chain, "extend", V1)
    site.butler("collection-chain", site.repo, "Demo/defaults", "Demo/calib")
    site.assert_unchanged()
    text = site.curated("compare", site.bundle, site.repo, "--collection", "Demo/defaults")
    assert "are in force in both" in text


# -- what is removed -------------------------------------------------------------------------------------


def test_datasets_that_are_purged(site: Site) -> None:
    prune = ("prune-datasets", site.repo, RUN, "--datasets", "defects", "--no-confirm")
    site.butler(*prune, "--unstore")
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL691", "CAL694"}
    text = site.curated("compare", site.bundle, site.repo, status=1)
    assert (
        f"{RUN}: defects detector=0 instrument=Demo: error CAL682 the repository knows of no single file"
        in text
    )
    site.assert_mended("of which 1 lost their file")
    site.butler(*prune, "--purge", RUN)
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL694"}
    assert f"defects detector=0 instrument=Demo is gone from run {RUN}" in text
    site.assert_mended("datasets               1 new", "certifications         1 new")


def test_runs_that_are_removed(site: Site) -> None:
    site.butler("remove-runs", site.repo, RUN, "--no-confirm")
    text = site.curated("scrub", site.repo, status=1)
    assert codes(text) == {"CAL694"}
    site.assert_mended("datasets               1 new", "certifications         1 new")


def test_collections_that_are_removed(site: Site) -> None:
    text = site.butler("remove-collections", site.repo, V1, "--no-confirm", status=1)
    assert "Add the --remove-from-parents flag" in text
    site.assert_unchanged()
    site.butler("remove-collections", site.repo, V1, "--no-confirm", "--remove-from-parents")
    text = site.curated("scrub", site.repo, status=1)
    # The datasets are still in their runs.
    assert codes(text) == {"CAL695", "CAL696"}
    assert f"{V1}: error CAL695 the collection is gone" in text
    site.assert_mended("certifications        21 new", "before            empty")
    site.butler("remove-collections", site.repo, "Demo/calib", "--no-confirm")
    assert codes(site.curated("scrub", site.repo, status=1)) == {"CAL696"}
    site.assert_mended("before            none")


# -- other repositories ----------------------------------------------------------------------------------


def test_transfer_to_another_repository(site: Site) -> None:
    other = site.create()
    options = ("--register-dataset-types", "--collections", "Demo/calib", "-t", "copy")
    text = site.butler("transfer-datasets", site.repo, other, "-d", "defects", *options)
    assert "Number of datasets transferred: 8" in text
    # Certifications are not transferred, so that no lookup finds anything.
    assert "nothing to compare" in site.curated("scrub", other)
    text = site.curated("compare", site.bundle, other, status=2)
    assert f"{other}: the repository has no collection <instrument>/calib" in text
    site.assert_mended("8 present", "certifications        21 new", repo=other)
    assert "are in force in both" in site.curated("compare", site.repo, other)


def test_export_and_import(site: Site) -> None:
    other = site.create()
    site.butler("export-calibs", site.repo, "exported", "Demo/calib", "-t", "copy")
    site.butler("import", other, "exported", "-t", "copy")
    assert "are in force in both" in site.curated("compare", site.repo, other)
    text = site.curated("scrub", other, status=1)
    assert codes(text) == {"CAL698"}
    # Stock Butler recorded a formatter that cannot read calibrations; the import records that too, which scrub needs.
    number = len(list((site.bundle / "files").rglob("*.fits")))
    site.assert_mended(f"formatters         {number} records to mend", repo=other)


def test_import_of_a_bundle(site: Site) -> None:
    other = site.create()
    stock_import = ("import", other, site.bundle, "--export-file", "export.yaml", "-t", "copy")
    site.butler(*stock_import)
    assert "are in force in both" in site.curated("compare", site.repo, other)
    site.assert_mended("before            none", repo=other)
    # Butler removes the files of the first import when a second fails.
    assert "IntegrityError" in site.butler(*stock_import, status=1)
    text = site.curated("scrub", other, status=1)
    assert codes(text) == {"CAL691"}
    assert codes(site.curated("compare", site.bundle, other, status=1)) == {"CAL682"}
    site.assert_mended("of which 21 lost their file", "CAL630", repo=other)


def test_artifacts_in_a_zip_file(site: Site) -> None:
    other = site.create()
    site.butler("retrieve-artifacts", site.repo, "files", "--collections", V1, "-d", "defects", "--zip")
    (archive,) = (site.repo.parent / "files").iterdir()
    site.butler(
        "register-dataset-type", other, "defects", "Defects", "instrument", "detector", "--is-calibration"
    )
    site.butler("ingest-zip", other, archive, "--transfer-dimensions", "-t", "copy")
    site.assert_mended("8 present", "certifications        21 new", repo=other)
    assert "are in force in both" in site.curated("compare", site.repo, other)
    exported = site.repo.parent / "exported"
    text = site.curated("export", other, "--collection", "Demo/calib", "--type", "defects", "-o", exported)
    assert "8 calibrations" in text
    stored = next((other / "u").rglob("*.zip")) if (other / "u").exists() else next(other.rglob("*.zip"))
    data = bytearray(stored.read_bytes())
    data[len(data) // 3] ^= 1
    stored.write_bytes(data)
    assert codes(site.curated("scrub", other, status=1)) <= {"CAL690", "CAL691"}
