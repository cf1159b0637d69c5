"""The command line as a person, a program, a terminal and a forge see it."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.cli.main import COMMANDS
from curated.report.text import printable
from support.packages import DEMO_FILES, EDITED, UNTOUCHED, defects_path, defects_text
from support.programs import run_curated, run_python

ESCAPE = "\x1b[31m"
EVERY = [[name] for name in COMMANDS] + [["schema", "write"], ["schema", "check"]]


# -- help and usage --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_help_teaches(command: list[str], tmp_path: Path) -> None:
    done = run_curated(*command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"curated {' '.join(command)}" in done.stdout.partition("Example")[2]
    assert "\\b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_the_help_lists_all_commands() -> None:
    text = run_curated("--help").stdout
    for name, (_, summary) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(summary[:30])}", text, re.MULTILINE)
    assert "Exit status: 0 clean, 1 findings" in text
    assert run_curated("-h").stdout == text


def test_every_command_is_there() -> None:
    modules = Path(sys.modules["curated.cli.main"].__file__ or "").parent.glob("*/*_command.py")
    assert sorted(
        (room, f"{name.replace('-', '_')}_command.py") for name, (room, _) in COMMANDS.items()
    ) == sorted((path.parent.name, path.name) for path in modules)


def test_version() -> None:
    from curated.core.version import __version__

    assert run_curated("--version").stdout == f"curated, version {__version__}\n"


def test_a_module_that_ends_the_program_with_words() -> None:
    code = (
        "from unittest.mock import patch\nfrom curated.cli import main\n"
        "with patch.object(main.cli, 'main', side_effect=SystemExit('no way')):\n    main.main()\n"
    )
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "curated: no way\n")


def test_the_installed_command_is_the_same() -> None:
    command = shutil.which("curated", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("not installed beside this interpreter")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run_curated("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["check", "--nonsense"],
        ["check", "no-such-file"],
        ["check", "/etc/hostname"],
        ["check", ".."],
        ["check", "--jobs", "0"],
        ["check", "--format", "xml"],
        ["check", "--summary"],
        ["-C", "no-such-directory", "check"],
        ["convert"],
        ["convert", "-o", "curated.yaml"],
        ["bundle"],
        ["import", "no-such-bundle", "repo"],
        ["import", "calibs", "repo"],
        ["lookup", "demo"],
        ["lookup", "demo", "defects", "--detector", "d00"],
        ["lookup", "demo", "defects", "--detector", "d00", "--at", "yesterday"],
        ["lookup", "demo", "defects", "--detector", "d77", "--at", "2024-01-01"],
        ["lookup", "demo", "defects", "--detector", "d00", "--at", "2024-01-01", "--as-of", "nowhere"],
        ["lookup", "demo", "nonsense", "--at", "2024-01-01"],
        ["lookup", "nowhere", "defects", "--detector", "d00", "--at", "2024-01-01"],
        ["show", "no-such-file"],
        ["show", "curated.yaml"],
        ["show", EDITED, "--type", "nonsense"],
        ["types", "nonsense"],
        ["explain", "CAL999"],
        ["explain", "nonsense"],
        ["audit"],
        ["report", "--since", "HEAD"],
        ["git"],
        ["git", "nonsense"],
        ["schema"],
        ["schema", "nonsense"],
        ["completion", "tcsh"],
        ["completion"],
        [],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_wrong_usage_is_said_plainly(demo: GitPackage, arguments: list[str]) -> None:
    done = run_curated(*arguments, cwd=demo.path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "bug:" not in done.stderr
    assert len(done.stderr) > 20


@pytest.mark.parametrize(
    "arguments", [["check"], ["bundle", "out"], ["publish", "repo"], ["convert", "-o", "out"]]
)
def test_no_package(tmp_path: Path, arguments: list[str]) -> None:
    done = run_curated(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "is not a package" in done.stderr
    assert "hint: " in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["bundle", "out"], ["publish", "repo"], ["convert", "-o", "out"]])
def test_no_repository(tmp_path: Path, arguments: list[str]) -> None:
    package = GitPackage(tmp_path)
    package.write({"curated.yaml": "", defects_path(): defects_text()})
    done = run_curated(*arguments, cwd=tmp_path)
    assert (done.returncode, "is not in a git repository" in done.stderr) == (2, True)
    package.git("init", "--quiet")
    done = run_curated(*arguments, cwd=tmp_path)
    assert (done.returncode, "has no commit yet" in done.stderr) == (2, True)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "repo").exists()
    # Checking and looking up need no git.
    assert run_curated("check", cwd=tmp_path).returncode == 0
    found = run_curated("lookup", "lab", "defects", "--detector", "d00", "--at", "2024-01-01", cwd=tmp_path)
    assert found.stdout.splitlines()[0] == defects_path()


def test_a_bug_is_called_one(tmp_path: Path) -> None:
    code = (
        "import sys, curated.core.codes\nfrom curated.cli.main import main\n"
        "sys.argv = ['curated', *sys.argv[1:]]\ncurated.core.codes.CODES['CAL101'] = None\nmain()"
    )
    for verbose in ([], ["-v"]):
        command = [sys.executable, "-c", code, *verbose, "explain", "CAL101"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 3
        assert "curated: bug: AttributeError" in done.stderr
        assert ("Traceback" in done.stderr) is bool(verbose)


# -- quiet, colours, pipes -------------------------------------------------------------------------


def test_quiet(demo: GitPackage, tmp_path: Path) -> None:
    loud = run_curated("bundle", tmp_path / "a", cwd=demo.path)
    quiet = run_curated("-q", "bundle", tmp_path / "b", cwd=demo.path)
    assert quiet.stdout.replace("/b", "/a") == loud.stdout
    assert f"{DEMO_FILES} calibrations checked" in loud.stderr
    assert f"{DEMO_FILES} calibrations checked" not in quiet.stderr
    assert run_curated("-q", "check", cwd=demo.path).stdout == ""


def test_quiet_prints_errors_only(make_package: MakePackage) -> None:
    warning = defects_text(detector=1).replace("1 2 3 4", "1 2 3 4\n1 2 3 4")
    error = defects_text(detector=2).replace("1 2 3 4", "-1 2 3 4")
    package = make_package({"curated.yaml": "", defects_path(1): warning, defects_path(2): error})
    loud = run_curated("check", cwd=package.path)
    assert ": warning " in loud.stdout
    quiet = run_curated("-q", "check", cwd=package.path)
    assert quiet.returncode == loud.returncode == 1
    assert quiet.stdout.count(": error ") == loud.stdout.count(": error ") == 1
    assert ": warning " not in quiet.stdout + quiet.stderr
    assert "checked" not in quiet.stdout + quiet.stderr
    for command in (("bundle", "out"), ("convert", "-o", "out")):
        assert run_curated("-q", *command, cwd=package.path).stderr == quiet.stdout


def on_a_terminal(arguments: list[str], cwd: Path, **environment: str) -> str:
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "curated", *arguments],
        cwd=cwd,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    while True:
        try:
            said += os.read(master, 4096)
        except OSError:  # the terminal's other end is closed
            break
    process.wait()
    os.close(master)
    return said.decode()


def test_colours_on_a_terminal_alone(wrong: GitPackage) -> None:
    environment = {key: "" for key in ("NO_COLOR", "FORCE_COLOR") if key in os.environ}
    assert "\x1b[31m" in on_a_terminal(["check"], wrong.path, **environment)
    assert "\x1b[3" not in on_a_terminal(["-q", "check"], wrong.path, NO_COLOR="1")
    assert "\x1b" not in run_curated("check", cwd=wrong.path).stdout
    assert "\x1b" not in run_curated("check", cwd=wrong.path, TERM="xterm").stdout


def test_progress_goes_to_the_terminal_alone(demo: GitPackage, tmp_path: Path) -> None:
    assert "\x1b[?25l" in on_a_terminal(["check", "--no-cache"], demo.path)
    assert "\x1b" not in on_a_terminal(["-q", "check", "--no-cache"], demo.path, NO_COLOR="1")
    assert run_curated("check", "--no-cache", cwd=demo.path).stderr == ""


@pytest.mark.parametrize("arguments", ["explain", "types", "check --format json"])
def test_a_reader_that_has_enough(demo: GitPackage, arguments: str) -> None:
    command = f"set -o pipefail; '{sys.executable}' -m curated {arguments} | head -n 1"
    for _ in range(3):
        done = subprocess.run(
            ["bash", "-c", command], cwd=demo.path, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1


def test_a_reader_that_has_gone(demo: GitPackage) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "curated", "explain"],
        cwd=demo.path,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_output_that_does_not_fit_on_the_disk() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "curated", "types"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "curated: error: No space left on device\n")


def test_functions_of_other_modules_run_at_the_end() -> None:
    code = (
        "import atexit, sys, threading\nfrom curated.cli.main import main\n"
        "atexit.register(print, 'last')\n"
        "threading.Timer(0.2, print, ['thread']).start()\n"
        "sys.argv = ['curated', '--version']\nmain()\n"
    )
    done = run_python(code)
    assert (done.returncode, done.stdout.splitlines()[1:], done.stderr) == (0, ["thread", "last"], "")


def test_names_that_the_encoding_does_not_hold(demo: GitPackage) -> None:
    question = ["lookup", "demo", "defects", "--detector", "d00", "--at", "2024-06-01"]
    done = run_curated(*question, cwd=demo.path, PYTHONIOENCODING="latin-1", PYTHONUTF8="0", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u5929\\u6587" in done.stdout


# -- what is in files must not command a terminal, nor a forge -------------------------------------

FORMS = ["text", "json", "github", "sarif", "junit"]
EVIL = f"a{ESCAPE}b\x07c\x9b2Jd\u202ee\nf##[add-mask]g##vso[task.complete]"


@pytest.fixture
def evil(make_package: MakePackage) -> GitPackage:
    """A package whose every name and value tries to command a terminal."""
    title = f"{EVIL}::error file=x,line=1::owned%0A"
    meta = {"SOURCE": EVIL, "DET_NAME": EVIL, "CALIB_ID": f"instrument={EVIL}"}
    package = make_package(
        {
            "curated.yaml": "",
            defects_path(0): defects_text(meta),
            f"calibs/lab/{title}/20200101T000000.ecsv": "x",
            f"calibs/lab/defects/{title}/20200101T000000.ecsv": defects_text({ESCAPE: EVIL}),
            f"calibs/lab/defects/{title}/{ESCAPE}.ecsv": "x",
            f"calibs/lab/defects/d01/20200101T000000.{ESCAPE}ecsv": "x",
        }
    )
    package.commit(
        {defects_path(2): defects_text({"FILTER": ESCAPE}, detector=2)}, author=f"Eve{ESCAPE}\x9b\u202e"
    )
    return package


def assert_harmless(text: str) -> None:
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert all(printable(line) == line for line in text.splitlines())
    assert not re.search(r"##\w*\[", text)


@pytest.mark.parametrize("form", FORMS)
def test_findings_are_harmless(evil: GitPackage, form: str, tmp_path: Path) -> None:
    done = run_curated("check", "--format", form, "--summary", tmp_path / "summary", cwd=evil.path)
    assert done.returncode == 1
    assert_harmless(done.stdout)
    assert_harmless(done.stderr)
    assert_harmless((tmp_path / "summary").read_text())
    if form != "github":
        assert not re.search(r"^\s*::", done.stdout, re.MULTILINE)
    else:
        assert all(re.match(r"::(error|warning|notice) file=", line) for line in done.stdout.splitlines())
        assert all(line.count("::") == 2 for line in done.stdout.splitlines() if "owned" not in line)


@pytest.mark.parametrize("form", FORMS)
def test_a_directory_named_like_a_command_is_harmless(make_package: MakePackage, form: str) -> None:
    package = make_package({"::error ::owned/defects/d00/20200101T000000.ecsv": defects_text(x0=-1)})
    done = run_curated("check", "--format", form, cwd=package.path)
    assert (done.returncode, "CAL301" in done.stdout) == (1, True)
    commands = re.findall(r"^\s*::.*", done.stdout, re.MULTILINE)
    assert len(commands) == (len(done.stdout.splitlines()) if form == "github" else 0)
    assert all(line.startswith("::error file=%3A%3Aerror %3A%3Aowned/defects/") for line in commands)


def test_commands_are_harmless(evil: GitPackage, tmp_path: Path) -> None:
    name = str(evil.path / defects_path(2))
    for arguments in (
        ["show", name],
        ["show", name, "--format", "json"],
        ["show", str(evil.path / defects_path(0))],
        ["lookup", "lab", "defects", "--detector", "d02", "--at", "2024-01-01", "--explain"],
        ["lookup", "lab", "defects", "--detector", "d02", "--at", "2024-01-01", "--format", "json"],
        ["lookup", "lab", "defects", "--detector", EVIL, "--at", "2024-01-01", "--explain"],
        ["lookup", EVIL, "defects", "--detector", "d02", "--at", "2024-01-01"],
        ["lookup", "lab", EVIL, "--at", "2024-01-01"],
        ["lookup", "lab", "defects", "--detector", "d02", "--at", EVIL],
        ["convert", "-o", str(tmp_path / EVIL)],
        ["bundle", str(tmp_path / EVIL), "--label", EVIL],
        ["bundle", str(tmp_path / EVIL)],
        ["check", EVIL],
        ["-C", EVIL, "check"],
        ["explain", EVIL],
        ["types", EVIL],
        ["import", EVIL, EVIL],
        [EVIL],
    ):
        done = run_curated(*arguments, cwd=evil.path)
        assert_harmless(done.stdout)
        assert_harmless(done.stderr)
        assert done.returncode in (0, 1, 2)
        assert "bug" not in done.stderr


def test_logs_and_warnings_are_harmless() -> None:
    code = f"""
import logging, sys, warnings
from curated.cli import main
def run():
    main._escape_log()
    logging.getLogger("lsst").warning("a %s", {EVIL!r})
    logging.getLogger("lsst").error("a %d", {EVIL!r})
    warnings.resetwarnings()
    warnings.warn({EVIL!r})
main._run = run
main.main()
"""
    done = run_python(code)
    assert done.returncode == 0
    assert_harmless(done.stderr)
    lines = done.stderr.splitlines()
    assert [line.partition(" a")[0] for line in lines] == [
        "curated: warning:",
        "curated: error:",
        "curated: warning:",
    ]


def test_names_that_are_not_utf8(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", defects_path(0): defects_text()})
    bad = os.fsencode(package.path) + b"/calibs/lab/defects/d\xff/20200101T000000.ecsv"
    Path(os.fsdecode(os.path.dirname(bad))).mkdir()
    Path(os.fsdecode(bad)).write_text(defects_text())
    for form in FORMS:
        done = run_curated("check", "--format", form, cwd=package.path)
        assert (done.returncode, "CAL101" in done.stdout) == (1, True), done.stderr
    done = run_curated("show", os.fsdecode(bad), "--format", "json")
    assert done.returncode == 0, done.stderr
    done = run_curated("check", os.fsdecode(bad), cwd=package.path)
    assert (done.returncode, "CAL101" in done.stdout) == (1, True), done.stderr


# -- start-up --------------------------------------------------------------------------------------

HEAVY = (
    "astropy.units",
    "astropy.table",
    "astropy.time",
    "jsonschema",
    "git",
    "lsst",
    "matplotlib",
    "sqlalchemy",
)


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (["--help"], (*HEAVY, "numpy", "astropy", "yaml", "rich")),
        (["--version"], (*HEAVY, "numpy", "astropy", "yaml", "rich")),
        (["explain", "CAL301"], (*HEAVY, "numpy", "astropy")),
        (["check", EDITED], (*HEAVY, "rich")),
        (["check", "--no-cache", UNTOUCHED], (*HEAVY, "rich")),
        (
            ["lookup", "demo", "defects", "--detector", "d00", "--at", "2024-01-01"],
            tuple(set(HEAVY) - {"git"}),
        ),
        (["show", EDITED], HEAVY),
        (["convert", EDITED, "-o", "/dev/null/x"], tuple(set(HEAVY) - {"git"})),
        (["import", "--help"], HEAVY),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, list) else "",
)
def test_what_is_not_needed_is_not_imported(
    demo: GitPackage, arguments: list[str], refused: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "curated", *arguments],
        cwd=demo.path,
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "curated.cli.main" in imported
    assert sorted(imported & set(refused)) == []
