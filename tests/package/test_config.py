"""``curated.yaml``: its settings, its errors and their lines, and what is silenced."""

from __future__ import annotations

from datetime import date

import pytest

from curated.core.diagnostic import Diagnostic, Problem
from curated.package.config import Config, parse_config

SILENCE = "{code: CAL404, path: 'calibs/*', reason: a test, until: '2030-01-31'}"


def found(text: str) -> list[tuple[str, int, str]]:
    return [(d.code, d.line, d.message) for d in parse_config(text).diagnostics]


def test_an_empty_file_has_all_defaults() -> None:
    assert parse_config("") == Config()
    assert parse_config("# nothing\n") == Config()
    assert (Config().calibs, Config().top, Config(calibs="").top) == ("calibs", "calibs", "")


@pytest.mark.parametrize(
    ("calibs", "top"), [(".", ""), ("data/calibs/", "data/calibs"), ("./data", "data"), ("''", "")]
)
def test_the_top_is_the_start_of_paths(calibs: str, top: str) -> None:
    config = parse_config(f"calibs: {calibs}\n")
    assert (config.top, config.diagnostics) == (top, ())


def test_all_settings() -> None:
    config = parse_config(
        f"calibs: data\nurl: https://example.org\ninstruments:\n  cam: {{utc_offset: -4}}\nsilence:\n- {SILENCE}\n"
    )
    assert (config.calibs, config.url, config.instruments) == (
        "data",
        "https://example.org",
        {"cam": {"utc_offset": -4}},
    )
    (silence,) = config.silence
    assert (silence.code, silence.path, silence.reason) == ("CAL404", "calibs/*", "a test")
    assert (silence.until, silence.place, silence.line) == (date(2030, 1, 31), 0, 6)
    assert not config.diagnostics


def test_a_silence_covers_code_and_path() -> None:
    (silence,) = parse_config(f"silence: [{SILENCE}]").silence

    def diagnostic(code: str, file: str) -> Diagnostic:
        return Diagnostic.from_problem(Problem(code, (), "text"), file)

    assert silence.covers(diagnostic("CAL404", "calibs/cam/defects/d00/20240101.ecsv"))
    assert not silence.covers(diagnostic("CAL403", "calibs/cam/defects/d00/20240101.ecsv"))
    assert not silence.covers(diagnostic("CAL404", "other/20240101.ecsv"))


def test_errors_are_at_their_lines() -> None:
    assert found("calibs: ../calibs\ncolour: blue\ninstruments:\n  cam:\n    visit_max: -1\n") == [
        ("CAL001", 1, "calibs is '../calibs', which leads out of the package"),
        ("CAL001", 5, "visit_max is -1, less than zero"),
        (
            "CAL001",
            2,
            "'colour' is not one of calibs, url, tags, signatures, stage, readers, instruments, types, limits, silence",
        ),
    ]
    assert found("instruments: {cam: {utc_offset: 25}}") == [
        ("CAL001", 1, "utc_offset is 25, not hours from -12 to 14")
    ]
    assert found("silence:\n- {code: CAL404, path: x, reason: y, until: '2030-02-30'}\n") == [
        ("CAL001", 2, "until is '2030-02-30', not a day of the calendar")
    ]


def test_readers() -> None:
    assert parse_config("readers: [stack]\n").readers == ("stack",)
    assert parse_config("readers: []\n").readers == Config().readers == ()
    config = parse_config("url: x\nreaders:\n- Stack\n- stack\n- butler\n- 5\n")
    assert (config.readers, config.url) == (("stack",), "x")
    assert [(d.code, d.line, d.message) for d in config.diagnostics] == [
        ("CAL001", 3, "'Stack' is not one of stack; did you mean 'stack'?"),
        ("CAL001", 5, "'butler' is not one of stack"),
        ("CAL001", 6, "5 is not text"),
    ]
    assert found("readers: stack\n") == [("CAL001", 1, "readers is 'stack', not a list")]
    assert found("reader: [stack]\n")[0][2].endswith("; did you mean 'readers'?")


def test_an_error_in_one_setting_leaves_the_others() -> None:
    config = parse_config(
        f"instruments: {{hsc: 5, cam: {{name: Cam}}}}\nsilence:\n- {{}}\n- {SILENCE}\nurl: 7\n"
    )
    assert config.instruments == {"cam": {"name": "Cam"}}
    assert [(silence.code, silence.place) for silence in config.silence] == [("CAL404", 1)]
    assert config.url == ""
    assert len(config.diagnostics) == 6


def test_what_is_no_yaml() -> None:
    assert found("calibs: [\n")[0][0] == "CAL204"
    repeated = parse_config("url: a\nurl: b\n")
    assert [d.code for d in repeated.diagnostics] == ["CAL208"]
    assert repeated.url == "b"


@pytest.mark.parametrize(
    "url",
    ["https://ada:s3cr3t@h/x", "https://s3cr3t@h/x", "ssh://git:s3cr3t@h/x", "HTTPS://s3cr3t@h?x=s3cr3t"],
)
def test_an_address_with_a_password_is_neither_taken_nor_shown(url: str) -> None:
    config = parse_config(f"url: {url}\n")
    assert config.url == ""
    (finding,) = config.diagnostics
    assert (finding.code, finding.line, finding.severity) == ("CAL010", 0, "error")
    assert "s3cr3t" not in str(finding)
    long = parse_config(f"url: {url}{'x' * 3000}\n").diagnostics
    assert [finding.code for finding in long] == ["CAL010"]
    assert "s3cr3t" not in str(long)


def test_an_address_without_a_password_is_taken() -> None:
    for url in ("https://h/x", "ssh://git@h/x", "git@h:x", "https://h/@x"):
        config = parse_config(f"url: {url}\n")
        assert (config.url, config.diagnostics) == (url, ())
