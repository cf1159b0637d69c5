"""Notes of edits, in the file that has the others."""

from __future__ import annotations

import pytest

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set
from curated.editing.edit_notes import make_edit, plan_notes
from curated.package.package import open_package
from support.packages import defects_path, defects_text

EDIT = make_edit("Ada", "2024-05-06", "Masked: the 'glow'")
SIDE = defects_path().replace(".ecsv", ".inputs.yaml")


@pytest.mark.parametrize(
    "record",
    [
        None,
        "edits:\n- {name: Bob, date: 2024-01-01, what: First}  # seen\n# end\n",
        "construction: {task: x}\n",
        "edits:\n  - name: Bob\n    date: 2024-01-01\n    what: First\nconstruction: {task: x}\n",
        "edits: [{name: Bob, date: 2024-01-01, what: First}]\n",
        "construction: {task: x}\r\nedits: []\r\n",
    ],
)
def test_notes_beside_a_table(make_package: MakePackage, record: str | None) -> None:
    files = {"curated.yaml": "", defects_path(): defects_text()}
    package = open_package(make_package(files | ({SIDE: record} if record is not None else {})).path)
    for number in range(2):
        plan = plan_notes(package, package.layout.files, make_edit("Ada", "2024-05-06", f"{number}: why"))
        assert list(plan.contents) == [SIDE]
        write_file_set(package.root, plan.contents, before=plan.before)
        package = open_package(package.root)
    from curated.text.provenance import read_provenance_file

    text = (package.root / SIDE).read_text()
    result = read_provenance_file((package.root / SIDE).read_bytes())
    assert result.problems == []
    assert [edit.what for edit in result.provenance.edits][-2:] == ["0: why", "1: why"]
    assert len(result.provenance.edits) == (3 if record and "Bob" in record else 2)
    for line in (record or "").splitlines():
        assert line.startswith("edits:") or line in text.splitlines()
    assert plan_notes(package, package.layout.files, make_edit("Ada", "2024-05-06", "1: why")).present == (
        defects_path(),
    )


def test_what_is_no_note() -> None:
    for parts in (
        ("", "2024-01-01", "x"),
        ("Ada", "soon", "x"),
        ("Ada", "2024-01-01", " "),
        ("Ada", "2024-01-01", "a\nb"),
    ):
        with pytest.raises(CuratedError) as raised:
            make_edit(*parts)
        assert raised.value.hint
    assert EDIT.plain() == {"name": "Ada", "date": "2024-05-06", "what": "Masked: the 'glow'"}


def test_a_damaged_record(make_package: MakePackage) -> None:
    files = {"curated.yaml": "", defects_path(): defects_text(), SIDE: "edits: {\n"}
    package = open_package(make_package(files).path)
    with pytest.raises(CuratedError, match="CAL204") as raised:
        plan_notes(package, package.layout.files, EDIT)
    assert SIDE in raised.value.message
