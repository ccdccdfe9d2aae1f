"""Checksums: what is recorded, what counts as damage, and files that are rewritten."""

from pathlib import Path

import pytest

from orchestration.state.checksums import (
    CHECKSUMS,
    ChecksumsDamaged,
    damages,
    read,
    record,
    rewriting,
    unrecorded,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept" / "inner").mkdir(parents=True)
    (tmp_path / "kept" / "one").write_text("one")
    (tmp_path / "kept" / "inner" / "two").write_text("two")
    record(tmp_path / "kept")
    return tmp_path / "kept"


def test_whatever_changes_is_damage(folder: Path) -> None:
    assert damages(folder) == []
    (folder / "one").write_text("0ne")
    (folder / "inner" / "two").unlink()
    assert {str(damage) for damage in damages(folder)} == {"one is not as it was written", "two is missing"}
    assert {str(damage) for damage in damages(folder, is_quick=True)} == {"two is missing"}


def test_a_damaged_record_is_not_relied_on(folder: Path) -> None:
    path = folder / CHECKSUMS
    path.write_text(path.read_text().replace('"one"', '"0ne"'))
    with pytest.raises(ChecksumsDamaged):
        read(folder)
    assert [str(damage) for damage in damages(folder)] == [f"{CHECKSUMS} is damaged"]


def test_what_an_earlier_version_wrote_is_accepted(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    (folder / "one").write_text("0ne")
    assert damages(folder) == []
    assert [path.name for path in unrecorded(folder)] == ["two", "one"]


def test_a_rewrite_that_is_killed_leaves_no_damage(folder: Path) -> None:
    path = folder / CHECKSUMS
    path.chmod(0o640)
    interrupted = rewriting([folder / "one"])
    interrupted.__enter__()
    (folder / "one").write_text("another")
    interrupted.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert damages(folder) == []
    assert [each.name for each in unrecorded(folder)] == ["one"]
    with rewriting([folder / "one", folder / "inner" / "two"]):
        (folder / "inner" / "two").write_text("another, too")
    assert damages(folder) == []
    assert unrecorded(folder) == []
    assert path.stat().st_mode & 0o777 == 0o640


def test_links_to_the_base_keep_its_checksum(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "one").hardlink_to(folder / "one")
    (folder / "one").write_text("0ne")  # a damage that a new checksum would hide
    record(tmp_path / "next", folder)
    assert [str(damage) for damage in damages(tmp_path / "next")] == ["one is not as it was written"]
