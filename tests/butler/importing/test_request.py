"""Requests of imports: their defaults, and the modes of transfer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from curated.butler.importing.request import FORMATTERS, TRANSFERS, ImportRequest
from curated.core.diagnostic import CuratedError


def test_a_plain_request_copies_and_chains() -> None:
    request = ImportRequest(Path("bundle"), "repo")
    assert (request.transfer, request.chain, request.dry_run, request.clean) == ("copy", True, False, False)
    assert (request.label, request.seed_config, request.progress) == (None, None, None)
    assert request.wait == 300


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_modes_of_transfer(transfer: str) -> None:
    assert ImportRequest(Path("bundle"), "repo", transfer=transfer).transfer == transfer


@pytest.mark.parametrize("transfer", ["", "auto", "COPY", "relsymlink", "split"])
def test_other_modes_are_refused(transfer: str) -> None:
    with pytest.raises(CuratedError, match=f"no transfer mode {transfer}") as caught:
        ImportRequest(Path("bundle"), "repo", transfer=transfer)
    assert caught.value.hint == "use one of copy, hardlink, symlink, direct, move"
    request = ImportRequest(Path("bundle"), "repo")
    with pytest.raises(CuratedError, match="no transfer mode"):
        dataclasses.replace(request, transfer=transfer)


def test_formatters() -> None:
    assert ImportRequest(Path("bundle"), "repo").formatter is None
    assert [ImportRequest(Path("bundle"), "repo", formatter=name).formatter for name in FORMATTERS] == [
        *FORMATTERS
    ]
    with pytest.raises(CuratedError, match="no formatter stack") as caught:
        ImportRequest(Path("bundle"), "repo", formatter="stack")
    assert caught.value.hint == "use one of repository, curated"


def test_a_request_does_not_change() -> None:
    request = ImportRequest(Path("bundle"), "repo")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.label = "v2"  # type: ignore[misc]
    assert dataclasses.replace(request, label="v2") == ImportRequest(Path("bundle"), "repo", "v2")
