"""Commands that are killed, interrupted or refused by the disk at random moments, and run again.

    python benchmarks/interruptions.py [--moments N] [--faults N] [--seed N] [--until HH:MM]
        [--json FILE] [--markdown FILE] [--command C]...

Real commands in processes of their own. Each is stopped by SIGKILL, SIGINT and SIGTERM at moments that are spread over its
work, without the imports of modules before it; and each has its write, fsync, rename, link or mkdir refused by the
system (a full disk, or one that is broken) from a random call on, by a small library in C. What it leaves is whole or
nothing, its exit status says which, there is no traceback, and the same command, run again, completes and cleans up.

The commands take turns, and the results are written after each turn: where it is stopped, all commands were tried equally often.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import HERE, option_parser, report, scratch

sys.path.insert(0, str(HERE.parent / "tests"))

from conftest import GitPackage
from support.corrections import BAD, make_epochs_package
from support.kills import finish_rollback, state_of
from support.packages import make_demo_package
from support.programs import python_command, run_curated

_SERVER = """
import importlib, json, os, pkgutil, sys
import curated
skipped = () if sys.argv[1] == "all" else ("curated.butler",)
for module in pkgutil.walk_packages(curated.__path__, "curated."):
    if not module.name.startswith(("curated.plots", "curated.docs", "curated.__main__", *skipped)):
        importlib.import_module(module.name)
if not skipped:
    importlib.import_module("lsst.daf.butler.registry.databases.sqlite")
for line in sys.stdin:
    request = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(request["directory"])
        for number, name in ((0, os.devnull), (1, "../stdout"), (2, "../stderr")):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        os.environ.update(request["environment"])
        sys.argv = ["curated", *request["arguments"]]
        curated.cli.main.main()
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""
"""Imports everything once, and forks for each command: most of the time of a command goes into imports."""

_FAULTS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static int count = -1, error;
static const char *operation;
static int hit(const char *name) {
    if (count == -1) {
        if (!(operation = getenv("FAULT_OPERATION"))) return 0;
        count = atoi(getenv("FAULT_COUNT"));
        error = atoi(getenv("FAULT_ERRNO"));
    }
    if (count <= 0 || strcmp(operation, name)) return 0;
    if (count > 1) { count--; return 0; }
    errno = error;
    return 1;
}
/* Not the files that stand for the standard streams: they are not what a command makes. */
static int is_file(int fd) { struct stat s; return fd > 2 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode); }
#define NEXT(type, ...) static type (*next)(__VA_ARGS__); if (!next) next = dlsym(RTLD_NEXT, __func__)
ssize_t write(int fd, const void *b, size_t n) { NEXT(ssize_t, int, const void *, size_t); return is_file(fd) && hit(__func__) ? -1 : next(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { NEXT(ssize_t, int, const void *, size_t, off_t); return is_file(fd) && hit("write") ? -1 : next(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { NEXT(ssize_t, int, const void *, size_t, off64_t); return is_file(fd) && hit("write") ? -1 : next(fd, b, n, o); }
int fdatasync(int fd) { NEXT(int, int); return hit("fsync") ? -1 : next(fd); }
int fsync(int fd) { NEXT(int, int); return hit(__func__) ? -1 : next(fd); }
int rename(const char *a, const char *b) { NEXT(int, const char *, const char *); return hit(__func__) ? -1 : next(a, b); }
int link(const char *a, const char *b) { NEXT(int, const char *, const char *); return hit(__func__) ? -1 : next(a, b); }
int mkdir(const char *a, mode_t m) { NEXT(int, const char *, mode_t); return hit(__func__) ? -1 : next(a, m); }
"""

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
FAULTS = (
    ("write", errno.ENOSPC),
    ("write", errno.EIO),
    ("fsync", errno.EIO),
    ("rename", errno.EIO),
    ("link", errno.ENOSPC),
    ("mkdir", errno.ENOSPC),
)


@dataclass(frozen=True)
class Scenario:
    """A command, and what it changes.

    Parameters
    ----------
    arguments : `list` [`str`]
        With ``{}`` for the directory that it works in, a copy of ``template``.
    state : `~collections.abc.Callable`
        From that directory to what the command is to change, apart from temporary files.
    needs_butler : `bool`
        Whether Butler is imported before the clock starts.
    final : `tuple` [`int`]
        Exit statuses of the command when it is run again, after it was complete before it was stopped.
    """

    name: str
    template: Path
    arguments: Sequence[str]
    state: Callable[[Path], Any]
    needs_butler: bool = False
    final: Sequence[int] = (0,)


@dataclass
class Result:
    """How a command behaved."""

    name: str
    kind: str
    stopped: int = 0
    runs: int = 0
    before: int = 0
    after: int = 0
    partial: int = 0
    leftovers: int = 0
    failures: list[str] = field(default_factory=list)


def tree(root: Path) -> dict[str, str]:
    """Return the hashes of all files, without git's and temporary ones."""
    hashes = {}
    for path in sorted(root.rglob("*")):
        relative = str(path.relative_to(root))
        is_result = not relative.startswith("cache/") and "/.git/" not in f"/{relative}"
        if path.is_file() and is_result and "curated-" not in relative:
            hashes[relative] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


def repository(root: Path) -> Any:
    """Return the content of the repository in a directory, whose absolute paths are left out."""
    finish_rollback(root / "repo")
    state = state_of(root / "repo")
    return {key: str(value).replace(str(root), "") for key, value in state.items()}


class Server:
    """A process that runs commands; see `_SERVER`."""

    def __init__(self, kind: str, library: Path | None) -> None:
        environment = {"LD_PRELOAD": str(library)} if library is not None else {}
        self._process = subprocess.Popen(
            python_command(_SERVER, kind),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def run(
        self, scenario: Scenario, place: Path, moment: float, number: int, environment: dict[str, str]
    ) -> tuple[int, str]:
        """Run a command, send it a signal after some seconds if it still runs, and return its status and stderr."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            "directory": str(place),
            "arguments": [argument.replace("{}", str(place)) for argument in scenario.arguments],
            "environment": {"XDG_CACHE_HOME": str(place / "cache"), **environment},
        }
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        if number:
            time.sleep(moment)
            # A process that has ended is waited for at once, and its number is not used again so soon.
            with suppress(ProcessLookupError):
                os.kill(child, number)
        status = int(self._process.stdout.readline())
        return status, (place.parent / "stderr").read_text()


def attempt(
    scenario: Scenario,
    place: Path,
    result: Result,
    server: Server,
    moment: float,
    number: int,
    environment: dict[str, str],
) -> None:
    """Stop a command once, look at what it left, and run it again."""
    renew(scenario, place)
    before, after = scenario.state(place), AFTER[scenario.name]
    status, stderr = server.run(scenario, place, moment, number, environment)
    result.runs += 1
    result.stopped += status not in scenario.final
    state = scenario.state(place)
    result.leftovers += bool(leftovers(place))
    result.before += state == before
    result.after += state == after != before
    result.partial += state not in (before, after)
    where = f"{environment or moment}, status {status}: {stderr[-300:]}"
    expected = {-signal.SIGKILL} if number == signal.SIGKILL else {128 + number, -number} if number else {2}
    if status not in expected and status not in scenario.final:
        result.failures.append(f"exit status at {where}")
    if status in scenario.final and state != after and scenario.state is not cache:
        result.failures.append(f"not complete, but successful at {where}")
    if "Traceback" in stderr or "bug:" in stderr:
        result.failures.append(f"traceback or bug at {where}")
    is_said = "the next command that writes there undoes it" in stderr
    if number != signal.SIGKILL and not is_said and (leftovers(place) or state not in (before, after)):
        result.failures.append(f"not clean at {where} {leftovers(place)}")
    status, stderr = server.run(scenario, place, 0, 0, {})
    # What was complete before it was stopped is there already.
    if (status not in scenario.final and state != after) or "bug:" in stderr:
        result.failures.append(f"failed after {where}; {status} {stderr[-300:]}")
    if scenario.state(place) != after or (leftovers(place) and state != after):
        result.failures.append(f"not completed after {where}; {status} {stderr[-300:]} {leftovers(place)}")


def renew(scenario: Scenario, place: Path) -> None:
    """Make the directory that a command works in."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(scenario.template, place, symlinks=True)


def leftovers(place: Path) -> list[str]:
    """Return the temporary files and directories."""
    return [str(path) for path in place.rglob(".*curated-*") if ".git" not in path.parts]


AFTER: dict[str, Any] = {}
"""State after an undisturbed command."""


def scenarios(root: Path) -> list[Scenario]:
    """Make the packages and repositories that the commands work on."""
    package = root / "package" / "package"
    demo = make_demo_package(package)
    with_bundle = root / "with-bundle"
    shutil.copytree(root / "package", with_bundle)
    required(run_curated("bundle", with_bundle / "base", "--label", "v0", cwd=package))
    (package / "calibs/demo/instrument.yaml").touch()
    with_output = root / "with-output"
    shutil.copytree(root / "package", with_output)
    # An address that is stamped into every file: a mixture of the two states is noticed.
    older = GitPackage(with_output / "package")
    older.commit({"curated.yaml": "calibs: calibs\nurl: https://example.org/before\n"})
    required(run_curated("convert", "-o", with_output / "out", cwd=older.path))
    older.git("reset", "--quiet", "--hard", "HEAD~1")
    demo.commit({"notes.txt": "other"})
    bare = root / "bare"
    shutil.copytree(package / "calibs", bare / "package" / "calibs")
    for path in (bare / "package" / "calibs").rglob("instrument.yaml"):
        path.unlink()
    shutil.move(bare / "package" / "calibs", bare / "bare")
    epochs = root / "epochs"
    epochs.mkdir()
    lab = make_epochs_package(epochs / "package")
    required(run_curated("publish", epochs / "repo", "--label", "v1", cwd=lab.path))
    mark = ["--cover", "previous", "--by", "Ada", "--reason", "x"]
    required(run_curated("deprecate", BAD, *mark, cwd=lab.path))
    lab.commit()
    with_export = root / "with-export"
    shutil.copytree(epochs, with_export)
    shutil.copytree(root / "package" / "package", with_export / "target")
    texts = sorted(
        str(path.relative_to(package))
        for path in (package / "calibs/demo/defects").rglob("*.ecsv")
        if path.is_file()
    )
    inside = ["-C", "{}/package"]
    return [
        Scenario("check", root / "package", [*inside, "-q", "check"], cache),
        Scenario("bundle", root / "package", [*inside, "bundle", "{}/out", "-j2"], outputs),
        Scenario("bundle --base", with_bundle, [*inside, "bundle", "{}/out", "--base", "{}/base"], outputs),
        Scenario("convert", root / "package", [*inside, "convert", "-o", "{}/out"], outputs),
        Scenario("convert over", with_output, [*inside, "convert", "-o", "{}/out"], outputs),
        Scenario("deprecate", root / "package", [*inside, "deprecate", *texts, *mark], tree),
        Scenario("adopt", bare, ["adopt", "{}/bare"], tree, final=(0,)),
        Scenario("export", epochs, ["export", "{}/repo", "-o", "{}/out"], outputs, needs_butler=True),
        Scenario(
            "export --into",
            with_export,
            ["export", "{}/repo", "-o", "{}/target", "--into"],
            outputs,
            needs_butler=True,
        ),
        Scenario("retract", epochs, ["retract", "{}/repo", "v1"], repository, needs_butler=True),
        Scenario(
            "recertify", epochs, [*inside, "recertify", "{}/repo", "--retire"], repository, needs_butler=True
        ),
    ]


def outputs(root: Path) -> Any:
    """Return what is not the package and not the repository."""
    return {
        path: digest for path, digest in tree(root).items() if path.partition("/")[0] in ("out", "target")
    }


def cache(root: Path) -> Any:
    """Return whether there is a cache; its content depends on the version of the program."""
    return [path.name for path in (root / "cache").rglob("check-*")] if (root / "cache").exists() else []


def required(process: subprocess.CompletedProcess[str]) -> None:
    """Stop where a command that prepares something failed."""
    if process.returncode != 0:
        sys.exit(f"{process.args} failed: {process.stderr}")


def main() -> None:
    """Stop commands, and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--moments", type=int, default=15, help="of each signal")
    parser.add_argument("--faults", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--command", action="append", default=[], dest="commands")
    parser.add_argument("--until", default="99", help="time of the day at which no other command is begun")
    options = parser.parse_args()
    # A shell starts programs in the background with this signal ignored, which those that they start would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    source = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="curated-interruptions-", dir=scratch()) as temporary:
        root = Path(temporary)
        (root / "package").mkdir()
        library = root / "faults.so"
        (root / "faults.c").write_text(_FAULTS)
        compiler = ["gcc", "-shared", "-fPIC", "-o", library, root / "faults.c", "-ldl"]
        has_faults = shutil.which("gcc") is not None and subprocess.run(compiler, check=False).returncode == 0
        servers = {
            needs: Server("all" if needs else "some", library if has_faults else None)
            for needs in (False, True)
        }
        place = root / "work" / "place"
        place.parent.mkdir()
        chosen = [s for s in scenarios(root) if not options.commands or s.name in options.commands]
        seconds = {s.name: undisturbed(s, place, servers[s.needs_butler]) for s in chosen}
        kinds: list[tuple[str, int, str, int]] = [(number.name, number, "", 0) for number in SIGNALS]
        kinds += [
            (f"{operation} {errno.errorcode[code]}", 0, operation, code)
            for operation, code in (FAULTS if has_faults else ())
        ]
        results = {(s.name, kind[0]): Result(s.name, kind[0]) for s in chosen for kind in kinds}
        for turn in range(max(options.moments, options.faults)):
            for scenario, (kind, number, operation, code) in itertools.product(chosen, kinds):
                if turn >= (options.moments if number else options.faults):
                    continue
                if time.strftime("%H:%M") >= options.until:
                    break
                result, server = results[scenario.name, kind], servers[scenario.needs_butler]
                moment = source.uniform(0, seconds[scenario.name]) if number else 0
                environment = {
                    "FAULT_OPERATION": operation,
                    "FAULT_ERRNO": str(code),
                    "FAULT_COUNT": str(int(10 ** source.uniform(0, 2.2))),
                }
                failures = len(result.failures)
                attempt(scenario, place, result, server, moment, number, environment if operation else {})
                for failure in result.failures[failures:]:
                    print(f"{scenario.name}, {kind}: {failure}", file=sys.stderr, flush=True)
            with contextlib.redirect_stdout(io.StringIO()):
                report(options, page(list(results.values()), options.seed), list(results.values()))
            print(f"turn {turn + 1} at {time.strftime('%H:%M:%S')}", file=sys.stderr, flush=True)
    report(options, page(list(results.values()), options.seed), list(results.values()))
    sys.exit(1 if any(result.failures for result in results.values()) else 0)


def undisturbed(scenario: Scenario, place: Path, server: Server) -> float:
    """Run a command without disturbing it twice, keep the state that it leads to, and return how long it works."""
    seconds = 0.0
    for _ in range(2):
        renew(scenario, place)
        begin = time.monotonic()
        status, stderr = server.run(scenario, place, 0, 0, {})
        seconds = time.monotonic() - begin
        if status not in scenario.final:
            sys.exit(f"{scenario.name} fails undisturbed: {stderr[-2000:]}")
    AFTER[scenario.name] = scenario.state(place)
    renew(scenario, place)
    if scenario.state(place) == AFTER[scenario.name]:
        sys.exit(f"{scenario.name} changes nothing")
    return seconds


def table(results: Sequence[Result]) -> str:
    """Return rows of the table."""
    lines = [
        "| command | by | stopped | unchanged | complete | in part until the next run | temporary files left | failures |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        values = (f"{r.stopped} of {r.runs}", r.before, r.after, r.partial, r.leftovers, len(r.failures))
        lines.append(f"| `{r.name}` | {r.kind} | {' | '.join(map(str, values))} |")
    return "\n".join(lines)


def page(results: Sequence[Result], seed: int) -> str:
    """Return the result as Markdown."""
    total = Counter[str]()
    for result in results:
        total["runs"] += result.runs
        total["stopped"] += result.stopped
        total["failures"] += len(result.failures)
    listed = [f"- `{r.name}`, {r.kind}: {' '.join(text.split())}" for r in results for text in r.failures]
    failures = "\n".join(["", "Failures:", "", *listed, ""]) if listed else ""
    return f"""# Commands that are interrupted

{total["runs"]} commands, {total["stopped"]} of which were stopped at random moments (seed {seed}) by a signal, or by a disk that refuses every further
write, fsync, renaming, link or directory. Then the same command was run again. Failures: {total["failures"]}. A failure is an exit status that is not 128 and
the number of the signal (2 for the disk; a signal before Python listens to any ends the process itself, which shells show as the same number), a traceback, a temporary file that is left by anything but SIGKILL, a change of which a part is visible
after anything but SIGKILL (unless the disk refuses to undo it too, and the command says so), or a second run that does not lead to the state of an undisturbed one without temporary files.
Made by `make bench-kill`.

{table(results)}
{failures}"""


if __name__ == "__main__":
    main()
