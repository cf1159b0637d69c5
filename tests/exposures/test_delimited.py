"""CSV and ECSV: forms, rows that cannot be read, and rows in several parts."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from astropy.time import Time

from curated.core.diagnostic import CuratedError
from curated.exposures.batch import NO_NIGHT
from curated.exposures.table import read_exposures
from support.exposures import NS, TIME, MakeTable, read


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeffinstrument,time\r\nLab,{TIME}\r\n",
        f"instrument;time\nLab;{TIME}\n",
        f"instrument\ttime\nLab\t{TIME}",
        f"instrument | time\nLab | {TIME}\n\n",
        f"# a comment\n\ninstrument,time\nLab,{TIME}",
        f'"INSTRUME","DATE-OBS"\n"Lab","{TIME}"\n',
        f"# of one night\n# instrument, time\n\nLab,{TIME}\n",
        f"instrument,time\n# a comment\n#Lab,{TIME}\nLab,{TIME}\n",
        "instrument\rtime".replace("\r", ",") + f"\rLab,{TIME}\r",
        f"# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: instrument, datatype: string}}\ninstrument time\nLab {TIME}\n",
        f"# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype: []\ninstrument,time\n# comment\nLab,{TIME}\n",
        f'{{"instrument": "Lab", "time": "{TIME}", "more": [1, {{}}]}}\n',
        f'\ufeff{{"time": "{TIME}", "camera": "Lab"}}\n\n',
    ],
)
def test_forms_of_text(table: MakeTable, text: str) -> None:
    for path in (table(text, "table.txt"), table(gzip.compress(text.encode()), "table.csv.gz")):
        rows, findings = read(path)
        assert [(row[1], row[2]) for row in rows] == [(NS, "Lab")]
        assert findings == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Lab", "CAL450"),
        (f"Lab,{TIME},1", "CAL450"),
        (f"{'x' * 10**6},{TIME}", "CAL450"),
        (f"{'x,' * 10**6}{TIME}", "CAL450"),
        *(
            (f"Lab,{time}", "CAL451")
            for time in (
                *(
                    "",
                    "NaN",
                    "nan",
                    "yesterday",
                    "2024-13-01T00:00:00",
                    "2024-02-30",
                    "2024-04-01T25:00:00",
                    "inf",
                ),
                *(
                    "9999-12-31T23:59:59",
                    "10000-01-01T00:00:00",
                    "0001-01-01T00:00:00+14:00",
                    "1e400",
                    "1582-10-10",
                ),
                *(
                    "2460401.5",
                    "2015-06-30T23:59:60Z1",
                    "2015-12-31T23:59:60",
                    "\0",
                    "-1",
                    "\udcff",
                    "\u0662\u0660\u0662\u0664-\u0660\u0664-\u0660\u0661",
                ),
            )
        ),
    ],
)
def test_rows_that_cannot_be_read_are_findings(table: MakeTable, row: str, code: str) -> None:
    text = f'instrument,time\nLab,{TIME}\n"La\nb",{TIME}\n{row}\nLab,{TIME}\n'
    rows, findings = read(table(text.encode(errors="surrogateescape")))
    assert findings == [(5, code)]
    assert [line for line, *_ in rows] == [2, 3, 6]


def test_an_open_quote_swallows_no_more_than_a_cell(table: MakeTable) -> None:
    count = 10_000
    text = f'instrument,time\n"Lab,{TIME}\n' + f"Lab,{TIME}\n" * count
    rows, ((line, code),) = read(table(text))
    assert (line, code) == (2, "CAL450")
    assert count - 131072 // 24 - 10 < len(rows) < count


def test_nothing_is_lost_between_parts(table: MakeTable) -> None:
    count = 150_000
    path = table("mjd,id\n" + "".join(f"60000,{i}\n" for i in range(count)))
    parts = [batch.exposures for batch in read_exposures(path)]
    assert len(parts) == 3
    assert [text for part in parts for text in part.ids] == [str(i) for i in range(count)]
    assert np.concatenate([part.rows for part in parts]).tolist() == list(range(2, count + 2))
    assert all((part.nights == NO_NIGHT).all() for part in parts)


def test_times_that_astropy_wrote(table: MakeTable, tmp_path: Path) -> None:
    from astropy.table import Table
    from astropy.time import Time

    for scale in ("utc", "tai"):
        data = Table({"time": Time([TIME], scale="utc", format="isot"), "band": ["g"]})
        data["time"] = getattr(data["time"], scale)
        data.write(tmp_path / "t.ecsv", overwrite=True)
        ((_, time, _, _, name, _),), _ = read(tmp_path / "t.ecsv")
        assert (time, name) == (NS, "g")
    data["time"] = data["time"].tdb
    data.write(tmp_path / "t.ecsv", overwrite=True)
    with pytest.raises(CuratedError, match="have the scale tdb"):
        read(tmp_path / "t.ecsv")


def test_lines_of_rows_below_commented_names_and_comments(table: MakeTable) -> None:
    rows, findings = read(table("# all of a night\n#mjd;exposure\n\n60401;1\n# more\nx;2\n60402;3\n"))
    assert [(row[0], row[-1]) for row in rows] == [(4, "1"), (7, "3")]
    assert findings == [(6, "CAL451")]


def test_a_quotation_mark_without_its_other_one_swallows_no_row_in_silence(table: MakeTable) -> None:
    rows, findings = read(table('time,note\n2024-04-01T01:00:00,"clouds\n2024-04-01T02:00:00,\n'))
    assert (rows, findings) == ([], [(2, "CAL450")])


def test_zones_are_utc_whatever_the_column_has(table: MakeTable) -> None:
    text = f"obs_start\n{TIME}\n{TIME}Z\n{TIME}+00:00\n"
    assert [row[1] - NS for row in read(table(text))[0]] == [-37_000_000_000, 0, 0]
    assert [row[1] - NS for row in read(table(f"time\n{TIME}Z\n"), scale="tai")[0]] == [0]


def test_astropys_scale_of_a_column_with_a_blank_in_its_name(table: MakeTable) -> None:
    stream = io.StringIO()
    Table({"obs start": Time([TIME], scale="utc")}).write(stream, format="ascii.ecsv")
    assert [row[1] for row in read(table(stream.getvalue()))[0]] == [NS]


def test_images_of_a_sequence_number_are_one_exposure(table: MakeTable) -> None:
    rows, _ = read(table("Day Obs,SeqNum,detector\n2024-04-01 00:00:00,7,0\n20240401,8,0\n"))
    assert [(str(row[1]), row[-1]) for row in rows] == [("2024-04-01", "7"), ("2024-04-01", "8")]
