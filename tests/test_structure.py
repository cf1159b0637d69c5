"""The layout of the sources: sizes, imports, names, and where tests are found.

CONTRIBUTING.md says what the limits are for; ``python tools/words.py --list`` prints every name that counts as vague.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from source_tree import ROOT, SOURCE, Module, find_circles, import_graph, read_modules
from words import bound_names, empty_entries, vague_names

MAX_MODULES = 640
"""Limit for all folders but the unlimited ones."""

MAX_FILES_IN_FOLDER = 15
MAX_LINES = 400
MAX_VAGUE_PERCENT = 1.0

LOOSE_MODULES = {"__init__", "__main__", "adopt", "registry"}
"""Modules that stand beside the rooms: what starts the package, and what several rooms share by a public name."""

UNLIMITED_FOLDERS = {"types"}
"""Folders with a module for each of many things of one kind."""

VAGUE_MODULE_NAMES = set(
    "beside certified changed changing declared entrance expected faces holes in_force marked one pieces quick reranging"
    " said since stock stored target unnoted wanted written".split()
)

TINY_MODULE = 60
"""Lines up to which a module may be tested with the module that uses it."""

TESTED_WITH: dict[str, str] = {
    "editing/certification.py": "cli/quality/test_certify_command.py",
    "measurement/frames.py": "measurement/test_job.py",
    "verification/record.py": "verification/test_record_file.py",
    "verification/rows.py": "verification/test_tables.py",
    "canonical/ecsv_form.py": "canonical/test_formatter.py",
    "canonical/json_form.py": "canonical/test_formatter.py",
    "canonical/merging/files.py": "cli/review/test_merge_driver.py",
    "canonical/merging/nodes.py": "canonical/merging/test_merger.py",
    "canonical/merging/tables.py": "canonical/merging/test_merger.py",
    "canonical/merging/trees.py": "canonical/merging/test_merger.py",
    "canonical/package.py": "cli/author/test_fmt_command.py",
    "canonical/yaml_form.py": "canonical/test_formatter.py",
    "cli/completion.py": "cli/package/test_completion_command.py",
    "cli/author/drafts/type_package.py": "pages/test_own_type.py",
    "cli/author/drafts/output.py": "cli/author/drafts/test_package.py",
    "core/codes/authoring.py": "core/test_codes.py",
    "core/codes/check.py": "core/test_codes.py",
    "core/codes/package.py": "core/test_codes.py",
    "core/codes/release.py": "core/test_codes.py",
    "types/_intrinsic_zernikes_math.py": "types/test_intrinsic_zernikes.py",
    "types/_gains_math.py": "types/test_gains.py",
    "types/_spectral_comparisons.py": "check/rules/test_succession.py",
    "types/_spectral_steps.py": "types/test_spectral_bounds.py",
    "core/tables.py": "fits/test_reader.py",
    "export/foreign_files.py": "export/test_foreign.py",
    "exposures/batch.py": "exposures/test_table.py",
    "exposures/impact.py": "exposures/test_search.py",
    "package/settings/instrument.py": "package/test_instrument.py",
    "report/answer_text.py": "cli/package/test_lookup_command.py",
}
"""Larger modules whose tests are in another file than their name says, relative to ``src/curated`` and ``tests``."""

OTHER_TEST_FOLDERS = {"client", "data", "pages", "support"}
"""Folders of ``tests`` that mirror no folder of the sources."""


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return read_modules()


def relative(module: Module) -> str:
    return module.path.relative_to(SOURCE).as_posix()


def test_number_of_modules(modules: dict[str, Module]) -> None:
    paths = [relative(module) for module in modules.values()]
    count = sum(path.partition("/")[0] not in UNLIMITED_FOLDERS for path in paths)
    assert count <= MAX_MODULES, (
        f"{count} Python files under src/curated without {', '.join(UNLIMITED_FOLDERS)}, at most {MAX_MODULES}:"
        " merge modules that answer one question"
    )


def test_number_of_files_in_a_folder(modules: dict[str, Module]) -> None:
    counts = Counter(module.path.parent.relative_to(SOURCE).as_posix() for module in modules.values())
    crowded = {
        folder: count
        for folder, count in counts.items()
        if count > MAX_FILES_IN_FOLDER and folder not in UNLIMITED_FOLDERS
    }
    assert crowded == {}, (
        f"more than {MAX_FILES_IN_FOLDER} Python files in a folder: merge some, or make a sub-folder"
    )


def test_length_of_modules(modules: dict[str, Module]) -> None:
    lengths = {relative(module): len(module.text.splitlines()) for module in modules.values()}
    too_long = {path: length for path, length in lengths.items() if length > MAX_LINES}
    assert too_long == {}, f"modules of more than {MAX_LINES} lines: move one of their concerns out"


def test_modules_beside_the_rooms() -> None:
    loose = {path.stem for path in SOURCE.glob("*.py")}
    assert loose == LOOSE_MODULES, "a new module belongs into a room, a folder of src/curated"


def test_no_circles_of_imports(modules: dict[str, Module]) -> None:
    circles = find_circles(import_graph(modules))
    assert circles == [], "modules import each other, in functions and for type checkers included"


def test_names_of_variables(modules: dict[str, Module]) -> None:
    trees = [module.tree for module in modules.values()]
    total = sum(sum(1 for _ in bound_names(tree)) for tree in trees)
    vague = Counter(name.text for tree in trees for name in vague_names(tree))
    assert 100 * vague.total() / total < MAX_VAGUE_PERCENT, (
        f"{vague.total()} of {total} variables and parameters have a name that does not say what they hold"
        f" ({', '.join(name for name, _ in vague.most_common(5))}, ...): use a noun, see python tools/words.py --list"
    )


def test_entries_of_parameters(modules: dict[str, Module]) -> None:
    empty = [
        f"{relative(module)}:{line}: {entry}"
        for module in modules.values()
        for line, entry in empty_entries(module.tree)
    ]
    assert empty == [], (
        "entries of docstrings that repeat the name and type of a parameter; remove them:\n"
        + "\n".join(empty)
    )


def test_names_of_modules(modules: dict[str, Module]) -> None:
    vague = [
        relative(module)
        for module in modules.values()
        if not module.is_package
        if {module.path.stem, *module.path.stem.split("_")} & VAGUE_MODULE_NAMES
    ]
    assert vague == [], "modules whose name does not say what they hold; use a noun"


def test_tests_mirror_the_sources(modules: dict[str, Module]) -> None:
    tests = ROOT / "tests"
    untested = [
        f"{relative(module)}: tests/{path.relative_to(tests).as_posix()}"
        for module in modules.values()
        if not module.is_package
        if relative(module) not in TESTED_WITH and len(module.text.splitlines()) > TINY_MODULE
        if not (
            path := tests / relative(module).replace(module.path.name, f"test_{module.path.name.lstrip('_')}")
        ).exists()
    ]
    assert untested == [], "modules without the test file that belongs to their name:\n" + "\n".join(untested)


def test_exceptions_of_the_mirror_hold() -> None:
    for source, test in TESTED_WITH.items():
        assert (SOURCE / source).is_file(), f"{source} is listed in TESTED_WITH and does not exist"
        assert (ROOT / "tests" / test).is_file(), f"{test} is listed in TESTED_WITH and does not exist"


def test_folders_of_tests_are_folders_of_the_sources() -> None:
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    strangers = [
        folder.as_posix()
        for folder in folders
        if not (SOURCE / folder).is_dir() and not OTHER_TEST_FOLDERS.intersection(folder.parts)
    ]
    assert strangers == [], "folders of tests without a folder of that name under src/curated"


def test_references_are_to_documents_of_this_repository() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [Path(name) for name in listing.stdout.split("\0") if name]
    # `curated migrate` writes the report into a package.
    documents = {path.name for path in paths if path.suffix == ".md"} | {"MIGRATION.md"}
    texts = [
        path
        for path in paths
        if path.suffix in (".py", ".md", ".toml", ".yaml", "") and path.parts[0] != "calibs"
    ]
    missing = [
        f"{path}: {reference}"
        for path in texts
        if "data" not in path.parts and path != Path("tests/test_structure.py") and (ROOT / path).is_file()
        for reference in re.findall(
            r"\b[A-Z][A-Z-]+\.md\b|\bof the design\b", (ROOT / path).read_text("utf-8")
        )
        if reference not in documents
    ]
    assert missing == [], "references to documents that are not in the repository:\n" + "\n".join(missing)
