"""Provenance as header keywords, beside those that a header has."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.provenance import HEADER_LIMIT
from curated.types.defects import Defects
from support.packages import defects_text
from support.records import RECORD, START, defects_with, through_fits


@pytest.mark.parametrize("hdu", [0, 1])
def test_keywords_of_the_first_headers(tmp_path: Path, hdu: int) -> None:
    header = through_fits(defects_with(RECORD, tmp_path), tmp_path)[1][hdu]
    assert header["NINPUTS"] == 3
    for n, entry in enumerate(RECORD["inputs"]):
        assert header[f"CPP_INPUT_{n}"] == entry["data_id"]["exposure"]
        assert header[f"CPP_INPUT_DATE_{n}"] == entry["date"]
        assert header[f"CPP_INPUT_EXPT_{n}"] == 30.0
        assert header[f"CPP_INPUT_SCALE_{n}"] == entry["scale"]
    assert "CPP_INPUT_3" not in header
    assert (header["NEDITS"], header["EDIT_DATE_0"]) == (1, "2020-01-02")
    assert header["EDIT_NAME_0"].encode().decode("unicode_escape") == RECORD["edits"][0]["name"]


def test_without_a_record_nothing_is_added(tmp_path: Path) -> None:
    path = tmp_path / f"{START}.ecsv"
    path.write_text(defects_text())
    _, headers = through_fits(Defects.readText(path), tmp_path)
    assert len(headers) == 2
    assert not {"NINPUTS", "NEDITS"} & set(headers[0])


@pytest.mark.parametrize("number", [0, 1, HEADER_LIMIT, HEADER_LIMIT + 1, 1000])
def test_many_inputs_are_in_the_table_only(tmp_path: Path, number: int) -> None:
    inputs = [{"data_id": {"exposure": n}, "exposure_time": 1.5} for n in range(number)]
    calib = defects_with({"inputs": inputs}, tmp_path)
    again, headers = through_fits(calib, tmp_path)
    assert again == calib
    assert len(again.provenance.inputs) == number
    assert headers[0].get("NINPUTS", 0) == number
    input_keywords = [key for key in headers[0] if key.startswith("CPP_INPUT_")]
    assert len(input_keywords) == (2 * number if number <= HEADER_LIMIT else 0)
    assert len(str(headers[0])) < 30_000


def test_keywords_of_a_pipeline_stay(tmp_path: Path) -> None:
    keywords = {"CPP_INPUT_0": 7, "CPP_INPUT_DATE_0": "2019-12-10T18:00:00", "CPP_INPUT_SCALE_0": 0.5}
    path = tmp_path / f"{START}.ecsv"
    path.write_text(defects_text(keywords))
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
