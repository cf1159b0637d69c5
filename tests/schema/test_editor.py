"""The editor settings that are written: the mapping of the committed schemas to our YAML files, and what they say."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from curated.provenance.record import PROVENANCE_ENDING
from curated.schema import write_editor_settings
from curated.schema.snippets import SNIPPETS_FILE, TASKS_FILE
from support import schemas as support
from support.packages import defects_path, defects_text
from support.programs import run_curated

SETTINGS = ".vscode/settings.json"
INPUTS = "calibs/demo/manual_defects/d01/20220301T000000.inputs.yaml"


def matches(pattern: str, path: str) -> bool:
    """As yaml-language-server does it: at any depth; ``**/`` is any number of directories, ``*`` has no slash."""
    parts = re.split(r"(\*\*/|\*)", f"**/{pattern}")
    spelt = {"**/": r"(?:[^/]*/)*", "*": "[^/]*"}
    return re.fullmatch("".join(spelt.get(part, re.escape(part)) for part in parts), f"/{path}") is not None


def schemas_of(settings: Mapping[str, Any], path: str) -> list[str]:
    """The schemas that an editor holds a file against; the last pattern that matches decides."""
    found = []
    for schema, patterns in settings["yaml.schemas"].items():
        verdicts = [not p.startswith("!") for p in patterns if matches(p.removeprefix("!"), path)]
        if verdicts and verdicts[-1]:
            found.append(schema)
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration package with its committed schemas, and the settings as the command writes them."""
    root = tmp_path_factory.mktemp("editor") / "package"
    for name in ("calibs", "schemas"):
        shutil.copytree(support.ROOT / name, root / name)
    shutil.copy(support.ROOT / "curated.yaml", root)
    done = run_curated("schema", "write", "--vscode", cwd=root)
    assert (done.returncode, done.stderr) == (0, "")
    written = "".join(f"written {file}\n" for file in (SNIPPETS_FILE, TASKS_FILE, SETTINGS))
    assert done.stdout == f"{written}0 changed in {root / 'schemas'}\n"
    return root


def errors(package: Path, path: str, document: Any) -> list[str]:
    """What an editor marks in a document, by the one schema that the settings name for the file."""
    (schema,) = schemas_of(json.loads((package / SETTINGS).read_text()), path)
    validator = Draft202012Validator(json.loads((package / schema).read_text("utf-8")))
    return [error.message for error in validator.iter_errors(document)]


YAML_FILES = [
    "curated.yaml",
    *(p.relative_to(support.ROOT).as_posix() for p in sorted((support.ROOT / "calibs").rglob("*.yaml"))),
]


@pytest.mark.parametrize("path", YAML_FILES)
def test_every_yaml_file_has_one_schema_and_is_valid(package: Path, path: str) -> None:
    assert errors(package, path, support.load_plain(package / path)) == []


def spoiled(document: Any) -> Iterator[Any]:
    """The document with a key that nobody knows, or without one of its keys' right kinds."""
    yield {**document, "surplus": 1}
    yield [document]
    for key in document:
        made = copy.deepcopy(document)
        made[key] = object.__name__ if not isinstance(made[key], str) else [1, {}]
        yield made


@pytest.mark.parametrize(
    "path",
    [
        "curated.yaml",
        "calibs/demo/instrument.yaml",
        INPUTS,
        "calibs/demo/crosstalk/d00/20200101T000000.yaml",
        "calibs/demo/linearizer/d00/20200101T000000.yaml",
        "calibs/demo/camera/20200101T000000.yaml",
    ],
)
def test_what_is_wrong_is_marked(package: Path, path: str) -> None:
    document = support.load_plain(package / path)
    for wrong in spoiled(document):
        assert errors(package, path, wrong), wrong


def test_each_schema_is_that_of_its_files(package: Path) -> None:
    settings = json.loads((package / SETTINGS).read_text())
    for schema in settings["yaml.schemas"]:
        assert (package / schema).is_file()
    by_type = {
        f"calibs/cam/{name}/d00/r/20200101T000000.yaml": f"./schemas/{name}-"
        for name in ("defects", "qe_curve", "flat", "flat_gradient", "linearizer", "ptc")
    }
    for path, start in by_type.items():
        (schema,) = schemas_of(settings, path)
        assert schema.startswith(start)
        beside = path.replace(".yaml", PROVENANCE_ENDING)
        assert schemas_of(settings, beside) == ["./schemas/inputs-1.0.schema.json"]
    for path in ("calibs/cam/nonsense/20200101T000000.yaml", "defects/20200101T000000.yaml", "notes.yaml"):
        assert schemas_of(settings, path) == []


def test_other_settings_are_kept(make_package: MakePackage) -> None:
    given = {
        "editor.tabSize": 4,
        "yaml.schemas": {
            "./schemas/defects-1.0.schema.json": ["calibs/*/defects/**/*.yaml"],
            "https://example.org/x.json": "x.yaml",
        },
        "yaml.customTags": ["!mine"],
        "files.eol": "ü\n",
    }
    text = json.dumps(given, indent="\t", ensure_ascii=False)
    made = make_package(
        {"curated.yaml": "calibs: ./data/\n", f"data/{defects_path()[7:]}": defects_text(), SETTINGS: text}
    )
    package = open_package(made.path)
    assert write_editor_settings(package, made.path / "schemas") == [SNIPPETS_FILE, TASKS_FILE, SETTINGS]
    written = (made.path / SETTINGS).read_text()
    settings = json.loads(written)
    assert list(settings) == list(given)
    assert (settings["editor.tabSize"], settings["files.eol"]) == (4, "ü\n")
    assert "\n\t\t" in written
    assert "ü" in written
    names = list(settings["yaml.schemas"])
    assert names[0] == "https://example.org/x.json"
    assert "./schemas/defects-1.0.schema.json" not in names, "a schema of an earlier version has no files now"
    assert schemas_of(settings, "data/lab/ptc/d00/20200101T000000.yaml")[0].startswith("./schemas/ptc-")
    assert settings["yaml.customTags"] == ["!mine", "lsst.daf.base.PropertyList sequence"]
    assert write_editor_settings(package, made.path / "schemas") == []
    assert (made.path / SETTINGS).read_text() == written


def test_a_bare_package_and_schemas_elsewhere(make_package: MakePackage, tmp_path: Path) -> None:
    made = make_package({"lab/defects/d00/20200101T000000.ecsv": defects_text()})
    done = run_curated("schema", "write", "--vscode", "--directory", tmp_path / "elsewhere", cwd=made.path)
    assert done.returncode == 0
    settings = json.loads((made.path / SETTINGS).read_text())
    (schema,) = schemas_of(settings, "lab/ptc/d00/20200101T000000.yaml")
    assert schema.startswith("../elsewhere/ptc-")
    assert (made.path / schema).is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  // tabs\n  "editor.tabSize": 4\n}\n', "is not plain JSON, and is left alone"),
        ('{"a": 1,}', "is not plain JSON"),
        ("", "is not plain JSON"),
        ("[" * 100_000, "is not plain JSON"),
        ("[]", "is not a mapping of settings"),
        ('{"yaml.schemas": []}', "'yaml.schemas' is not a dict"),
        ('{"yaml.customTags": {}}', "'yaml.customTags' is not a list"),
    ],
)
def test_what_cannot_be_read_is_left_alone(make_package: MakePackage, text: str, message: str) -> None:
    made = make_package({"curated.yaml": "", defects_path(): defects_text(), SETTINGS: text})
    with pytest.raises(CuratedError, match=re.escape(message)) as caught:
        write_editor_settings(open_package(made.path), made.path / "schemas")
    assert "by hand" in caught.value.hint
    assert (made.path / SETTINGS).read_text() == text


def test_a_link_out_of_the_package_is_not_followed(make_package: MakePackage, tmp_path: Path) -> None:
    made = make_package({"curated.yaml": "", defects_path(): defects_text()})
    target = tmp_path / "settings.json"
    target.write_text("{}")
    (made.path / ".vscode").mkdir()
    (made.path / SETTINGS).symlink_to(target)
    done = run_curated("schema", "write", "--vscode", cwd=made.path)
    assert (done.returncode, "leads out of the package" in done.stderr) == (2, True)
    assert target.read_text() == "{}"


def test_a_modeline_is_a_comment_to_the_check(make_package: MakePackage) -> None:
    path = "calibs/demo/crosstalk/d00/20200101T000000.yaml"
    line = "# yaml-language-server: $schema=../../../../schemas/crosstalk-1.2.schema.json\n"
    made = make_package({"curated.yaml": "", path: line + (support.ROOT / path).read_text()})
    done = run_curated("check", cwd=made.path)
    assert done.stdout == "1 calibration checked: no findings\n"
