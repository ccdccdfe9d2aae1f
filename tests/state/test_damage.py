"""Every kind of file × every kind of damage × every command: no stack trace, and no difference without a word."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from conftest import Sample
from damaged_homes import DAMAGES, FILES, LINKS, READING, Home, became_a_folder, halved, linked_copy, removed, turned

_SAID_NOTHING = "the output differs, and nothing was said"
_NO_DATA = {"warehouse", "runs", "events"}
"""Dagster and a run create them again when they are empty or gone; a turned bit may be in a message."""
_NOT_A_BASIS = {*_NO_DATA, "live views", "link for readers", "link to the release"}


def cells(damages: Iterable[Callable[[Path], None]]) -> list[object]:
    """Every kind of file with each damage. A link has nothing to cut or turn."""
    return [
        pytest.param(kind, how, id=f"{kind}-{how.__name__}")
        for kind in FILES
        for how in damages
        if not (kind in LINKS and how in (halved, turned))
    ]


@pytest.fixture
def home(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(linked_copy(sample, tmp_path), capsys, monkeypatch)


_undisturbed: dict[str, str] = {}


@pytest.fixture
def undisturbed(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What each command writes on a home that is whole; looked at once."""
    if not _undisturbed:
        (tmp_path / "whole").mkdir()
        whole = Home(linked_copy(sample, tmp_path / "whole"), capsys, monkeypatch)
        for name, arguments in READING.items():
            status, _undisturbed[name], _ = whole.run(*arguments)
            assert status == 0
        assert whole.run("verify")[0] == 0
        assert whole.start_run() == (0, "", "")
    return _undisturbed


@pytest.mark.parametrize(("kind", "how"), cells(DAMAGES))
def test_no_stack_trace_and_no_difference_without_a_word(
    home: Home, undisturbed: dict[str, str], kind: str, how: Callable[[Path], None]
) -> None:
    home.damage(kind, how)
    wrong = {}
    for name, arguments in READING.items():
        status, out, err = home.run(*arguments)
        if out != undisturbed[name] and status == 0 and not err and (kind, name) != ("warehouse", "checks"):
            wrong[name] = _SAID_NOTHING
        if status and not err.strip().endswith((".", '."')):
            wrong[name] = f"no sentence: {err}"
    assert wrong == {}
    status, out, _ = home.run("verify", "--format", "json")
    if kind.startswith("checksums") and how is removed:  # as an earlier version wrote it
        assert "have no checksum" in out
    elif kind not in _NO_DATA or (kind == "runs" and how is halved):
        assert status == 1, "yacp verify found nothing"
    status, out, _ = home.run("doctor", "--format", "json")
    if how is not turned and kind not in _NO_DATA and not (kind.startswith("checksums") and how is removed):
        assert status == 2
        assert "yacp repair" in out
    status, _, message = home.start_run()
    if kind not in _NOT_A_BASIS and not (kind.startswith("checksums") and how is removed):
        assert status != 0, "a run would begin from it"
        assert "yacp repair" in message


@pytest.mark.parametrize(("kind", "how"), cells((halved, turned, became_a_folder)))
def test_repair_leaves_only_what_it_names(home: Home, kind: str, how: Callable[[Path], None]) -> None:
    home.damage(kind, how)
    status, _, err = home.run("repair", "--yes")
    assert "Traceback" not in err
    if status == 0:
        assert home.run("verify")[0] == 0
    else:
        assert "What remains to be done" in err
    if "yacp repair will" in err and "link" not in kind:
        assert list((home.sample.home / "set_aside").glob("*/reason.txt"))
