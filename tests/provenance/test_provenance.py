"""What a calibration was made of, and who edited it: text, FITS, bundle and repository hold the same."""

from __future__ import annotations

import doctest
import hashlib
import json
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from astropy.io import fits
from astropy.table import Table
from astropy.units import UnitsWarning
from hypothesis import given
from hypothesis import strategies as st

from conftest import GitPackage, MakePackage
from curated.calib import Calib, CalibrationError
from curated.core.metadata import Metadata
from curated.package.layout import discover, walk
from curated.provenance import HEADER_LIMIT, Construction, Edit, Input, Provenance, parse
from curated.provenance.record import MAX_INPUTS, MAX_PARAMETERS
from curated.registry import get_type
from curated.text.provenance import provenance_text, read_provenance_file
from support.packages import ROOT, defects, place, run_curated
from support.repositories import run_python
from support.texts import examples

Defects = get_type("defects")
START = "20200101T000000"
RECORD = {
    "inputs": [
        {
            "data_id": {"detector": 0, "exposure": 2019121000100 + i, "instrument": "Lab"},
            "date": f"2019-12-10T18:{i:02d}:00",
            "exposure_time": 30.0,
            "scale": 1.0 + i / 8,
            "weight": 0.5,
        }
        for i in range(3)
    ],
    "construction": {
        "task": "lsst.cp.pipe.MeasureDefectsCombined",
        "parameters": {"nSigma": [4.5, None], "edges": True},
        "software": {"cp_pipe": "w_2024_01"},
    },
    "edits": [{"name": "Zoë Åström 天文", "date": "2020-01-02", "what": "Masked column 5: 3 hot pixels"}],
}


def written(record: dict[str, Any], directory: Path, meta: dict[str, Any] | None = None) -> Path:
    """Write a list of defects and a record beside it."""
    path = directory / f"{START}.ecsv"
    path.write_text(defects(meta))
    (directory / f"{START}.inputs.yaml").write_text(yaml.safe_dump(record, allow_unicode=True))
    return path


def made(record: dict[str, Any], tmp_path: Path, meta: dict[str, Any] | None = None) -> Calib:
    return Defects.readText(written(record, tmp_path, meta))


def through_fits(calib: Calib, directory: Path) -> tuple[Calib, list[fits.Header]]:
    calib.writeFits(directory / "a.fits")
    with fits.open(directory / "a.fits", checksum=True) as hdus:
        hdus.verify("exception")
        headers = [hdu.header.copy() for hdu in hdus]
    return type(calib).readFits(directory / "a.fits"), headers


# -- text, objects, FITS ------------------------------------------------------------------------------


def test_the_record_reaches_the_object(tmp_path: Path) -> None:
    calib = made(RECORD, tmp_path)
    assert calib.provenance.plain() == RECORD
    first = calib.provenance.inputs[0]
    assert (first.data_id["exposure"], first.exposure_time, first.scale) == (2019121000100, 30.0, 1.0)
    assert calib.provenance.edits == (Edit(**RECORD["edits"][0]),)


def test_fits_gives_it_back(tmp_path: Path) -> None:
    calib = made(RECORD, tmp_path)
    again, _ = through_fits(calib, tmp_path)
    assert again.provenance == calib.provenance
    assert again == calib


@pytest.mark.parametrize("hdu", [0, 1])
def test_keywords_of_the_first_headers(tmp_path: Path, hdu: int) -> None:
    header = through_fits(made(RECORD, tmp_path), tmp_path)[1][hdu]
    assert header["NINPUTS"] == 3
    for n, one in enumerate(RECORD["inputs"]):
        assert header[f"CPP_INPUT_{n}"] == one["data_id"]["exposure"]
        assert header[f"CPP_INPUT_DATE_{n}"] == one["date"]
        assert header[f"CPP_INPUT_EXPT_{n}"] == 30.0
        assert header[f"CPP_INPUT_SCALE_{n}"] == one["scale"]
    assert "CPP_INPUT_3" not in header
    assert (header["NEDITS"], header["EDIT_DATE_0"]) == (1, "2020-01-02")
    assert header["EDIT_NAME_0"].encode().decode("unicode_escape") == RECORD["edits"][0]["name"]


def test_the_table_has_the_form_of_the_stack(tmp_path: Path, corpus: Path) -> None:
    stack = next((corpus / "stack_written/fits/SynthCam/provenance").rglob("*.fits"))
    inputs = [{"data_id": {"instrument": "SynthCam", "exposure": i, "detector": 94}} for i in (1, 2)]
    headers = through_fits(made({"inputs": inputs}, tmp_path), tmp_path)[1]
    with fits.open(stack) as theirs, fits.open(tmp_path / "a.fits") as ours:
        mine, other = ours["PROVENANCE"], theirs[1]
        assert [(c.name, c.format, c.dim, c.unit) for c in mine.columns] == [
            (c.name, c.format, c.dim, c.unit) for c in other.columns
        ]
        assert mine.data.tolist() == other.data.tolist()
        required = {"OBSTYPE", "IsrProvenance_SCHEMA", "IsrProvenance_VERSION", "CALIBCLS"}
        assert {k: mine.header[k] for k in required} == {k: other.header[k] for k in required}
        # In the stack CALIBDATE becomes the time of writing.
        assert (mine.header["calibType"], mine.header["CALIBDATE"]) == ("defects", "2020-01-01T00:00:00")
    assert headers[2]["EXTNAME"] == "SEPARATE"


def test_without_a_record_nothing_is_added(tmp_path: Path) -> None:
    path = tmp_path / f"{START}.ecsv"
    path.write_text(defects())
    _, headers = through_fits(Defects.readText(path), tmp_path)
    assert len(headers) == 2
    assert not {"NINPUTS", "NEDITS"} & set(headers[0])


@pytest.mark.parametrize("number", [0, 1, HEADER_LIMIT, HEADER_LIMIT + 1, 1000])
def test_many_inputs_are_in_the_table_only(tmp_path: Path, number: int) -> None:
    inputs = [{"data_id": {"exposure": n}, "exposure_time": 1.5} for n in range(number)]
    calib = made({"inputs": inputs}, tmp_path)
    again, headers = through_fits(calib, tmp_path)
    assert again == calib
    assert len(again.provenance.inputs) == number
    assert headers[0].get("NINPUTS", 0) == number
    told = [key for key in headers[0] if key.startswith("CPP_INPUT_")]
    assert len(told) == (2 * number if number <= HEADER_LIMIT else 0)
    assert len(str(headers[0])) < 30_000


def test_keywords_of_a_pipeline_stay(tmp_path: Path) -> None:
    keywords = {"CPP_INPUT_0": 7, "CPP_INPUT_DATE_0": "2019-12-10T18:00:00", "CPP_INPUT_SCALE_0": 0.5}
    path = tmp_path / f"{START}.ecsv"
    path.write_text(defects(keywords))
    alone = Defects.readText(path)
    again, headers = through_fits(alone, tmp_path)
    assert {key: alone.metadata[key] for key in keywords} == keywords
    assert {key: headers[0][key] for key in keywords} == keywords
    assert {key: headers[1][key] for key in keywords} == keywords
    assert again == alone

    # Together with a record that says the same the header has them once.
    (tmp_path / f"{START}.inputs.yaml").write_text("inputs: [{data_id: {exposure: 7}, exposure_time: 30}]")
    both = Defects.readText(path)
    again, headers = through_fits(both, tmp_path)
    assert again == both
    assert list(headers[0]).count("CPP_INPUT_0") == 1
    assert {key: headers[0][key] for key in keywords} == keywords
    assert headers[0]["CPP_INPUT_EXPT_0"] == 30


def test_equality_sees_the_record(tmp_path: Path) -> None:
    calib = made(RECORD, tmp_path)
    other = json.loads(json.dumps(RECORD))
    other["inputs"][2]["weight"] = 0.25
    assert made(other, tmp_path) != calib
    assert replace(calib, provenance=Provenance()) != calib


def test_dictionaries_and_tables_carry_it(tmp_path: Path) -> None:
    calib = made(RECORD, tmp_path)
    assert calib.toDict().items() >= RECORD.items()
    assert Defects.fromDict(json.loads(json.dumps(calib.toDict()))) == calib
    assert Defects.fromTable(calib.toTable()) == calib
    calib.toTable()[0].write(tmp_path / "table.ecsv")
    assert Defects.readText(tmp_path / "table.ecsv").provenance == calib.provenance


def test_the_reader_of_a_file_refuses_a_wrong_record(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="CAL123"):
        made({"inputs": [{"data_id": {"exposure": 1}}] * 2}, tmp_path)


def test_too_much_is_refused() -> None:
    inputs = [{"data_id": {"exposure": n}} for n in range(MAX_INPUTS + 1)]
    assert [p.code for p in parse({"inputs": inputs})[1]] == ["CAL124"]
    assert parse({"inputs": inputs[1:]})[1] == []
    large = {"parameters": {"a": "x" * MAX_PARAMETERS}}
    assert [p.code for p in parse({"construction": large})[1]] == ["CAL124"]


@pytest.mark.parametrize(
    ("keyword", "value"), [("EDITS", "no JSON"), ("EDITS", "[5]"), ("CONSTRUC", '{"colour": 1}')]
)
def test_a_foreign_table_is_an_error_of_ours(tmp_path: Path, keyword: str, value: str) -> None:
    made(RECORD, tmp_path).writeFits(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        hdus["PROVENANCE"].header[keyword] = value
        hdus.writeto(tmp_path / "b.fits")
    with pytest.raises(CalibrationError, match="CAL120"):
        Defects.readFits(tmp_path / "b.fits")


# -- any record ---------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda t: t.strip() and t.isprintable()
) | st.text("a\\x' &:1é天\t\n", min_size=1, max_size=200).filter(str.strip)
numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(
    lambda n: n not in ("date", "exposure_time", "scale", "weight")
)
kinds = st.sampled_from([st.integers(-(2**63), 2**63 - 1), texts])
dates = st.datetimes().map(lambda t: t.isoformat()) | st.dates().map(lambda d: d.isoformat())
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def records(draw: st.DrawFn) -> Provenance:
    dimensions = draw(st.dictionaries(names, kinds, min_size=1, max_size=4))
    ids = draw(
        st.lists(st.fixed_dictionaries(dimensions), max_size=8, unique_by=lambda d: tuple(sorted(d.items())))
    )
    inputs = tuple(
        Input(
            data_id=dict(sorted(one.items())),
            date=draw(st.just("") | dates),
            exposure_time=draw(st.none() | st.floats(0, 1e9)),
            scale=draw(st.none() | numbers),
            weight=draw(st.none() | st.floats(0, 1e9)),
        )
        for one in ids
    )
    construction = Construction(
        task=draw(st.just("") | texts),
        parameters=draw(st.dictionaries(texts, plain, max_size=3)),
        software=draw(st.dictionaries(texts, texts, max_size=3)),
    )
    edits = tuple(
        Edit(name=draw(texts), date=draw(dates), what=draw(texts)) for _ in range(draw(st.integers(0, 3)))
    )
    return Provenance(inputs=inputs, construction=construction, edits=edits)


@examples(60)
@given(record=records())
def test_any_record_survives_text_and_fits(
    tmp_path_factory: pytest.TempPathFactory, record: Provenance
) -> None:
    directory = tmp_path_factory.mktemp("record")
    (directory / f"{START}.ecsv").write_text(defects())
    text = provenance_text(record)
    if record:
        (directory / f"{START}.inputs.yaml").write_text(text, encoding="utf-8", newline="")
    calib = Defects.readText(directory / f"{START}.ecsv")
    assert calib.provenance == record
    again, _ = through_fits(calib, directory)
    assert again.provenance == record
    assert again == calib
    assert provenance_text(again.provenance) == text
    assert Defects.fromDict(calib.toDict()) == calib


# -- readers that go by position ----------------------------------------------------------------------


def stack_tables(path: Path) -> list[Table]:
    """Read as the stack's readers do: from HDU 2 on until one fails, where a warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # an odd unit in HDU 1 does no harm
        tables = [Table.read(path, hdu=1)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        while True:
            try:
                tables.append(Table.read(path, hdu=len(tables) + 1))
            except Exception:  # noqa: BLE001 (what they do)
                return tables


def test_no_type_takes_the_record_for_a_table_of_its_own(tmp_path: Path) -> None:
    layout = discover(list(walk(str(ROOT), "calibs")), "calibs")
    seen = set()
    for file in layout.files:
        cls = get_type(file.key.type)
        if cls.SPEC.beside:
            continue  # images, which nobody reads by position
        if file.key.type in seen and file.key.type not in ("crosstalk", "bfk"):
            continue
        seen.add(file.key.type)
        calib = cls.readText(ROOT / file.path)
        known = {key: value for key, value in calib.metadata.items() if not key.startswith("CPP_INPUT_")}
        bare = replace(calib, metadata=Metadata(known), provenance=Provenance())
        bare.writeFits(tmp_path / "bare.fits")
        full = replace(bare, provenance=parse(RECORD)[0])
        full.writeFits(tmp_path / "full.fits")
        with fits.open(tmp_path / "bare.fits") as few, fits.open(tmp_path / "full.fits") as many:
            assert [h.name for h in many] == [*(h.name for h in few), "SEPARATE", "PROVENANCE"]
            for one, other in zip(few[1:], many[1:-2], strict=True):
                assert one.data.tobytes() == other.data.tobytes()  # NaN included
        one, other = (stack_tables(tmp_path / name) for name in ("bare.fits", "full.fits"))
        assert [t.colnames for t in other] == [t.colnames for t in one], file.path
        assert cls.readFits(tmp_path / "full.fits") == full, file.path
    assert len(seen) >= 11


# -- the package, the bundle, the repository ----------------------------------------------------------

CONFIG = {"curated.yaml": "calibs: calibs\n"}
SIDE = "calibs/lab/defects/d00/20200101T000000.inputs.yaml"


@pytest.fixture
def package(git_package: MakePackage) -> GitPackage:
    assert place(0).removesuffix(".ecsv") == SIDE.removesuffix(".inputs.yaml")
    return git_package(
        {
            **CONFIG,
            place(0): defects(),
            place(1): defects(detector=1),
            SIDE: provenance_text(parse(RECORD)[0]),
        }
    )


def test_a_record_that_changes_is_checked_again(package: GitPackage) -> None:
    assert run_curated("check", cwd=package.path).returncode == 0
    package.write({SIDE: "inputs: [{data_id: {}}]\n"})
    done = run_curated("check", cwd=package.path)
    assert done.returncode == 1
    assert f"{SIDE}:1:11: error CAL120" in done.stdout
    assert "CAL120" in run_curated("check", SIDE, cwd=package.path).stdout
    package.write({SIDE: None})
    assert run_curated("check", cwd=package.path).returncode == 0


def test_a_link_that_leads_out_is_no_record(package: GitPackage) -> None:
    (package.path / SIDE).unlink()
    (package.path / SIDE).symlink_to("/etc/hostname")
    done = run_curated("check", cwd=package.path)
    assert f"{SIDE}: error CAL106" in done.stdout


def test_show_prints_it(package: GitPackage, tmp_path: Path) -> None:
    said = run_curated("show", place(0), cwd=package.path).stdout
    for part in ("inputs: 3", "exposure=2019121000102", "30 s", "scale 1.25", "weight 0.5", "edits: 1"):
        assert part in said
    assert "2020-01-02  Zoë Åström 天文: Masked column 5: 3 hot pixels" in said
    assert "nSigma: [4.5, None]" in said
    form = json.loads(run_curated("show", place(0), "--format", "json", cwd=package.path).stdout)
    assert form["content"]["inputs"] == RECORD["inputs"]
    run_curated("convert", place(0), "-o", tmp_path, cwd=package.path)
    shown = run_curated("show", tmp_path / place(0).replace(".ecsv", ".fits"), cwd=package.path).stdout
    assert shown.partition("inputs:")[2] == said.partition("inputs:")[2]


def test_the_bundle_lists_it(package: GitPackage, tmp_path: Path) -> None:
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_bytes())
    by_detector = {d["data_id"]["detector"]: d["provenance"] for d in manifest["datasets"]}
    assert by_detector[1] is None
    listed = by_detector[0]
    assert listed["path"] == f"files/{SIDE}"
    data = (tmp_path / "bundle" / listed["path"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (listed["size"], listed["sha256"])
    assert yaml.safe_load(data) == RECORD
    assert f"{listed['sha256']}  {listed['path']}\n" in (tmp_path / "bundle/SHA256SUMS").read_text()
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "bundle", check=True)


@pytest.mark.parametrize("way", ["changed", "unknown", "ignored", "not looked at"])
def test_a_record_that_is_not_committed_is_not_released(
    package: GitPackage, tmp_path: Path, way: str
) -> None:
    other = place(1).replace(".ecsv", ".inputs.yaml")
    if way == "ignored":
        package.commit({".gitignore": "*d01/*.inputs.yaml\n"})
    if way == "not looked at":
        package.git("update-index", "--assume-unchanged", SIDE)
    path = other if way in ("unknown", "ignored") else SIDE
    package.write({path: "inputs: [{data_id: {exposure: 1}}]\n"})
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert (done.returncode, path in done.stderr) == (2, True)
    assert not (tmp_path / "bundle").exists()
    if way != "not looked at":
        done = run_curated("bundle", tmp_path / "bundle", "--allow-dirty", cwd=package.path)
        assert done.returncode == 0
        beside = tmp_path / "bundle/files" / path
        assert yaml.safe_load(beside.read_bytes()) == {"inputs": [{"data_id": {"exposure": 1}}]}


GET = """
import json, sys
from lsst.daf.butler import Butler
butler = Butler.from_config(sys.argv[1], collections=sys.argv[2])
refs = butler.registry.queryDatasets("defects", where="detector = 0 AND instrument = 'Lab'", collections=...)
print(json.dumps([butler.get(ref).provenance.plain() for ref in refs]))
"""


def test_a_repository_gives_it_back(package: GitPackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    bundle, repo = tmp_path / "bundle", tmp_path / "repo"
    assert run_curated("bundle", bundle, "--label", "v1", cwd=package.path).returncode == 0
    done = run_curated("import", bundle, repo, "--transfer", "copy", cwd=package.path)
    assert done.returncode == 0, done.stderr
    got = run_python(GET, str(repo), "Lab/calib/v1")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout) == [RECORD]


def test_an_import_verifies_it(package: GitPackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    bundle, repo = tmp_path / "bundle", tmp_path / "repo"
    assert run_curated("bundle", bundle, "--label", "v1", cwd=package.path).returncode == 0
    beside = bundle / "files" / SIDE
    whole = beside.read_text()
    beside.write_text(whole.replace("0.5", "0.6"))
    done = run_curated("import", bundle, repo, cwd=package.path)
    assert (done.returncode, "CAL614" in done.stdout + done.stderr) == (1, True)
    beside.unlink()
    assert "CAL613" in run_curated("import", bundle, repo, cwd=package.path).stderr
    assert not repo.exists()


# -- the manual ---------------------------------------------------------------------------------------


def test_the_example_of_the_manual_is_good() -> None:
    manual = (ROOT / "docs/provenance.md").read_text("utf-8")
    side = read_provenance_file(manual.partition("```yaml\n")[2].partition("```")[0].encode())
    assert side.problems == []
    assert len(side.provenance.inputs) == 2
    assert side.provenance.edits[0].name == "Ada Astronomer"


def test_the_session_of_the_manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calibs").symlink_to(ROOT / "calibs")
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "docs/provenance.md"), module_relative=False)
    assert (results.failed, results.attempted > 3) == (0, True)


def test_a_text_of_nested_values_holds_it_at_its_top() -> None:
    shutter = get_type("shutter").readText(ROOT / "calibs/demo/shutter/20200101T000000.json")
    made = replace(
        shutter, provenance=Provenance(construction=Construction(dataset={"uuid": "1", "run": "Lab/r"}))
    )
    tree = json.loads(made.text_bytes("json"))
    assert tree["construction"] == {"dataset": {"uuid": "1", "run": "Lab/r"}}
    assert "construction" not in tree["motionProfile"]
