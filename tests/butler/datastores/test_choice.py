"""Which formatter an import records, and records that a later import mends."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from curated.bundle.builder import build_bundle
from curated.butler import import_bundle, open_repository, read, scrub_repository
from curated.butler.inventories import find_base
from curated.package.package import open_package
from support.corpus import copy_stack_repository
from support.packages import defects_path, defects_text
from support.programs import run_python
from support.remote import write_seed
from support.repositories import make_bundle
from support.stack_packages import (
    OUR_FORMATTER,
    STACK_FORMATTER,
    recorded_formatters,
    with_stack,
    write_stack,
)

pytest.importorskip("lsst.daf.butler")


@pytest.fixture
def stack_repo(tmp_path: Path) -> str:
    """A repository with Butler's own configuration, which names the stack's formatters, and a registered instrument."""
    from lsst.daf.butler import Butler

    repo = str(tmp_path / "stack-repo")
    Butler.makeRepo(repo)
    butler = Butler.from_config(repo, writeable=True)
    record = butler.dimensions["instrument"].RecordClass(
        name="Lab", class_name="lsst.obs.lab.Lab", detector_max=4, visit_max=2**31 - 1, exposure_max=2**31 - 1
    )
    butler.registry.insertDimensionData("instrument", record)
    return repo


def configure(repo: str, formatters: dict[str, Any]) -> None:
    path = Path(repo, "butler.yaml")
    content = yaml.safe_load(path.read_text())
    content["datastore"]["formatters"] = formatters
    path.write_text(yaml.safe_dump(content))


def names(repo: str) -> set[str]:
    return {name for name, _ in recorded_formatters(repo)}


# In an environment with the stack: what stock Butler records, what curated left, and a read through it.
STOCK = """
import json, sqlite3, sys
from astropy.time import Time
from lsst.daf.butler import Butler, Timespan
repo, bundle, stock = sys.argv[1:]
Butler.makeRepo(stock)
butler = Butler.from_config(stock, writeable=True)
butler.import_(directory=bundle, filename=bundle + "/export.yaml", transfer="copy")
def rows(root):
    columns = "hex(dataset_id), path, formatter, storage_class, component, checksum, file_size"
    database = sqlite3.connect(root + "/gen3.sqlite3")
    return sorted(database.execute(f"SELECT {columns} FROM file_datastore_records"))
span = Timespan.fromInstant(Time("2021-06-01", scale="utc"))
value = Butler.from_config(repo).get(
    "defects", instrument="Lab", detector=0, timespan=span, collections="Lab/calib")
print(json.dumps([rows(repo) == rows(stock), len(rows(repo)), type(value).__module__, value.x0]))
"""

MEND = """
import json, sys
from curated.butler import import_bundle
repo, bundle = sys.argv[1:]
reports = [import_bundle(bundle, repo, dry_run=dry_run) for dry_run in (True, False, False)]
print(json.dumps([[r.ok, r.changed, r.formatters_mended, [d.code for d in r.diagnostics]] for r in reports]))
"""


def test_without_the_stack_records_are_what_stock_butler_writes_with_it(bundle, stack_repo, tmp_path) -> None:
    plan = import_bundle(bundle, stack_repo, dry_run=True)
    report = import_bundle(bundle, stack_repo)
    assert report.ok
    assert plan.diagnostics == report.diagnostics
    assert [(d.code, str(d.severity.value)) for d in report.diagnostics] == [("CAL658", "info")]
    assert names(stack_repo) == {STACK_FORMATTER}
    stack = write_stack(tmp_path / "stack")
    done = run_python(with_stack(stack, STOCK), stack_repo, str(bundle), str(tmp_path / "stock"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, 6, "lsst.ip.isr", "read by the stack"]
    # Without the stack there is a way past Butler, and nothing to find for a scrub.
    butler = open_repository(stack_repo)
    (ref, *_) = butler.query_datasets("defects", "*", find_first=False)
    assert type(read(butler, ref)).__name__ == "Defects"
    assert scrub_repository(stack_repo).diagnostics == ()


def test_an_import_where_the_stack_is_mends_what_one_without_recorded(bundle, stack_repo, tmp_path) -> None:
    assert import_bundle(bundle, stack_repo, formatter="curated").ok
    assert names(stack_repo) == {OUR_FORMATTER}
    before = Path(stack_repo, "curated-imports").glob("*/import.json")
    assert all(OUR_FORMATTER in path.read_text() for path in before)
    done = run_python(with_stack(write_stack(tmp_path / "stack"), MEND), stack_repo, str(bundle))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[True, True, 6, []], [True, True, 6, []], [True, False, 0, []]]
    assert names(stack_repo) == {STACK_FORMATTER}
    assert scrub_repository(stack_repo).diagnostics == ()


def test_without_the_stack_records_are_mended_on_request_only(bundle, stack_repo) -> None:
    assert [d.code for d in import_bundle(bundle, stack_repo, formatter="curated").diagnostics] == ["CAL628"]
    report = import_bundle(bundle, stack_repo)
    assert (report.ok, report.changed) == (True, False)
    assert [d.code for d in report.diagnostics] == ["CAL699"] * 3
    assert report.diagnostics[-1].message == (
        f"4 of defects are read with {OUR_FORMATTER}; the configuration names {STACK_FORMATTER}"
    )
    assert "--formatter repository" in report.diagnostics[0].hint
    assert [d.code for d in scrub_repository(stack_repo).diagnostics] == ["CAL699"] * 3
    plan = import_bundle(bundle, stack_repo, formatter="repository", dry_run=True)
    assert (plan.changed, plan.formatters_mended, names(stack_repo)) == (True, 6, {OUR_FORMATTER})
    report = import_bundle(bundle, stack_repo, formatter="repository")
    assert (report.changed, report.formatters_mended, names(stack_repo)) == (True, 6, {STACK_FORMATTER})
    assert report.diagnostics == plan.diagnostics
    assert not import_bundle(bundle, stack_repo, formatter="repository").changed
    assert not import_bundle(bundle, stack_repo).changed
    assert scrub_repository(stack_repo).diagnostics == ()


def test_nothing_but_the_formatter_changes(bundle, stack_repo) -> None:
    def rows() -> list[Any]:
        with closing(sqlite3.connect(f"{stack_repo}/gen3.sqlite3")) as database:
            return sorted(
                database.execute(
                    "SELECT hex(dataset_id), path, storage_class, component, checksum, file_size FROM file_datastore_records"
                )
            )

    import_bundle(bundle, stack_repo)
    before = rows()
    assert import_bundle(bundle, stack_repo, formatter="curated").formatters_mended == 6
    assert rows() == before


def test_a_mend_that_fails_changes_no_record(bundle, stack_repo) -> None:
    import_bundle(bundle, stack_repo, formatter="curated")
    with closing(sqlite3.connect(f"{stack_repo}/gen3.sqlite3")) as database, database:
        # The database takes the first of the rows that change, and refuses the second.
        database.execute(
            f"CREATE UNIQUE INDEX refusal ON file_datastore_records (formatter) WHERE formatter != '{OUR_FORMATTER}'"
        )
    with pytest.raises(Exception, match=r"refused|another program"):
        import_bundle(bundle, stack_repo, formatter="repository")
    assert names(stack_repo) == {OUR_FORMATTER}


def test_a_repository_of_ours_that_the_stack_takes_over(bundle, repo) -> None:
    """Its configuration decides; without what curated wrote there, Butler's defaults do."""
    assert import_bundle(bundle, repo).diagnostics == ()
    assert names(repo) == {OUR_FORMATTER}
    configure(repo, {})
    assert [d.code for d in scrub_repository(repo).diagnostics] == ["CAL699"] * 3
    report = import_bundle(bundle, repo, formatter="repository")
    assert (report.formatters_mended, names(repo)) == (6, {STACK_FORMATTER})
    assert scrub_repository(repo).diagnostics == ()


@pytest.mark.parametrize(
    ("formatter", "word"),
    [
        ("lsst.daf.butler.formatters.json.Nothing", "AttributeError"),
        ("lsst.daf.butler.formatters.nothing.JsonFormatter", "there is no module"),
        ("lsst.daf.butler.formatters.json.JsonFormatter", "not supported"),
    ],
)
def test_a_formatter_that_cannot_be_used_is_refused(bundle, stack_repo, formatter, word) -> None:
    configure(stack_repo, {"Defects": formatter, "defects": formatter})
    for dry_run in (True, False):
        report = import_bundle(bundle, stack_repo, dry_run=dry_run)
        (problem,) = [d for d in report.diagnostics if d.is_error]
        assert (problem.code, problem.message.startswith("defects: ")) == ("CAL629", True)
        assert word in problem.message
    open_repository(stack_repo)
    assert recorded_formatters(stack_repo) == []


def test_a_name_of_which_the_user_is_sure_is_recorded(bundle, stack_repo) -> None:
    wrong = "lsst.daf.butler.formatters.nothing.Formatter"
    configure(stack_repo, {"defects": wrong})
    assert import_bundle(bundle, stack_repo, formatter="repository").ok
    assert names(stack_repo) == {wrong, STACK_FORMATTER}
    findings = scrub_repository(stack_repo).diagnostics
    assert [(d.code, d.message.split(":")[0]) for d in findings] == [("CAL699", "4 of defects")]
    # The configuration is corrected, and with it the records.
    configure(stack_repo, {})
    assert [d.code for d in scrub_repository(stack_repo).diagnostics] == ["CAL699"]
    assert import_bundle(bundle, stack_repo, formatter="repository").formatters_mended == 4
    assert names(stack_repo) == {STACK_FORMATTER}


def test_formatters_for_one_instrument_and_with_parameters(bundle, stack_repo) -> None:
    """Parameters and recipes are for writing: no record has them."""
    special = "lsst.obs.lab.LabFormatter"
    configure(
        stack_repo,
        {
            "instrument<Lab>": {"defects": {"formatter": special, "parameters": {"recipe": "small"}}},
            "default": {special: {"recipe": "default"}},
            "write_recipes": {special: {"small": {}}},
        },
    )
    assert import_bundle(bundle, stack_repo).ok
    counts = {name: sum(n == name for n, _ in recorded_formatters(stack_repo)) for name in names(stack_repo)}
    assert counts == {special: 4, STACK_FORMATTER: 2}


def test_a_server(bundle, postgres, schema, tmp_path) -> None:
    seed = write_seed(tmp_path / "seed.yaml", postgres.url(postgres.shared), schema)
    repo = str(tmp_path / "repo")
    assert import_bundle(bundle, repo, seed_config=str(seed)).ok
    assert import_bundle(bundle, repo).changed is False
    configure(repo, {})
    assert import_bundle(bundle, repo, formatter="repository").formatters_mended == 6
    assert scrub_repository(repo).diagnostics == ()


def test_records_of_the_release_that_a_bundle_builds_on(make_package, tmp_path) -> None:
    """They are named, and mended by an import of that release."""
    from lsst.daf.butler import Butler

    package = make_package(
        {"curated.yaml": "calibs: calibs\n", defects_path(0, "20200101T000000"): defects_text()}
    )
    first, second, repo = tmp_path / "first", tmp_path / "second", str(tmp_path / "repo")
    build_bundle(open_package(package.path), first, label="v1")
    package.commit({defects_path(1, "20200101T000000"): defects_text(detector=1)})
    opened = open_package(package.path)
    build_bundle(opened, second, label="v2", base=find_base(str(first), opened))
    Butler.makeRepo(repo)
    assert import_bundle(first, repo, formatter="curated").ok
    report = import_bundle(second, repo, formatter="repository")
    assert report.ok, report.diagnostics
    assert (report.formatters_mended, len(names(repo))) == (0, 2)
    (finding,) = [d for d in report.diagnostics if d.code == "CAL699"]
    text = f"1 of defects, of earlier releases, is read with {OUR_FORMATTER} and not with {STACK_FORMATTER}"
    assert (finding.message, "import those releases again" in finding.hint) == (text, True)
    assert import_bundle(first, repo, formatter="repository").formatters_mended == 1
    report = import_bundle(second, repo, formatter="repository")
    assert (report.changed, report.diagnostics) == (False, ())


@pytest.mark.parametrize("name", ["latiss", "lsstCam", "comCam"])
def test_real_repositories_of_the_stack(tmp_path, name) -> None:
    """Copies of repositories that the stack's tests have, whose configuration names no formatter of its own."""
    repo, bundle = str(copy_stack_repository(name, tmp_path / "repo")), make_bundle(tmp_path / "bundle")
    before = {path: formatter for formatter, path in recorded_formatters(repo)}
    report = import_bundle(bundle, repo)
    assert report.ok, report.diagnostics
    after = {path: formatter for formatter, path in recorded_formatters(repo)}
    assert before.items() <= after.items()
    assert {after[path] for path in after.keys() - before.keys()} == {STACK_FORMATTER}
