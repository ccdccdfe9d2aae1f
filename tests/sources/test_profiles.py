"""Source profiles: what is wrong with one is said with file, line, and key."""

from datetime import date
from pathlib import Path

import pytest
from written_profiles import FILES, WrittenProfile

from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.day_patterns import DayPattern, InvalidPattern
from orchestration.sources.profile import read_profile
from orchestration.sources.storage import Storage

DATABASE = '[database]\naddress_variable = "YACP_TEST_ADDRESS"\n'


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[files", "source.toml is not TOML"),
        ("", "needs either [files] or [database]"),
        (FILES + DATABASE, "needs either [files] or [database]"),
        (FILES.replace("location", "folder"), "line 3: files.folder: there is no such key"),
        ('[files]\nlocation = "x"\n', "line 1: files.tables: this key is missing"),
        (FILES.replace("{day}", "{night}"), "line 6: files.tables.app: "),
        (FILES.replace("{day}", "{day:%H}"), "%H is not known here"),
        (FILES.replace("app_{day}", "../{day}"), "is not a path below the location"),
        (FILES + '\n[files.format]\nencoding = "klingon"\n', "Python knows no encoding klingon"),
        (FILES + "\n[files.format]\nskip_last = -1\n", "skip_last"),
        (FILES + '\n[ready]\nquery = "select 1"\n', "[ready] query is for a database"),
        (DATABASE + "[ready]\nage_minutes = 5\n", "[ready] file and age_minutes are for files"),
        ("[database]\n", "line 1: database: needs either address_variable or address_file"),
        (DATABASE + 'address = "postgresql://u:secret@h/d"\n', "database.address: there is no such key"),
    ],
)
def test_what_is_wrong_is_named(written_profile: WrittenProfile, toml: str, says: str) -> None:
    written_profile.write(toml)
    with pytest.raises(SourceError) as raised:
        read_profile(written_profile.settings, written_profile.system)
    assert str(written_profile.folder / "source.toml") in str(raised.value)
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_missing_profile_and_a_missing_select_say_what_to_do(written_profile: WrittenProfile) -> None:
    with pytest.raises(SourceError, match="yacp source init iwds drafts one"):
        read_profile(written_profile.settings, written_profile.system)
    written_profile.write(FILES)
    (written_profile.folder / "services.sql").unlink()
    profile = read_profile(written_profile.settings, written_profile.system)
    with pytest.raises(SourceError, match=r"services\.sql is missing"):
        profile.sql(written_profile.system.extract("services"))


def test_an_address_comes_from_a_variable_or_a_file(
    written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_profile.write(DATABASE)
    profile = read_profile(written_profile.settings, written_profile.system)
    assert profile.database is not None
    monkeypatch.delenv("YACP_TEST_ADDRESS", raising=False)
    with pytest.raises(SourceError, match="YACP_TEST_ADDRESS, which is not set"):
        profile.database.address(profile.path)
    monkeypatch.setenv("YACP_TEST_ADDRESS", "sqlite:///x")
    assert profile.database.address(profile.path).get_secret_value() == "sqlite:///x"
    written_profile.write('[database]\naddress_file = "address"\n')
    profile = read_profile(written_profile.settings, written_profile.system)
    assert profile.database is not None
    with pytest.raises(SourceError, match="address, which can't be read"):
        profile.database.address(profile.path)
    (written_profile.folder / "address").write_text("sqlite:///y\n")
    assert profile.database.address(profile.path).get_secret_value() == "sqlite:///y"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("CUST_{day:%Y%m%d}.txt", {"CUST_20261123.txt": date(2026, 11, 23), "cust_20261122.TXT": date(2026, 11, 22)}),
        ("{day:%Y}/{day:%m-%d}/cust*", {"2026/11-23/cust.csv": date(2026, 11, 23)}),
        ("{day:%Y}/CUST_{day:%Y%m%d}.txt", {"2026/CUST_20261121.txt": date(2026, 11, 21)}),
        ("codes.csv", {"codes.csv": None}),
    ],
)
def test_patterns_find_files_and_their_days(tmp_path: Path, pattern: str, found: dict[str, date | None]) -> None:
    for name in (
        "CUST_20261123.txt", "cust_20261122.TXT", "CUST_20260230.txt", "CUST_x.txt", "codes.csv",
        "2026/11-23/cust.csv", "2026/CUST_20261121.txt", "2026/CUST_20251121.txt",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with Storage(str(tmp_path), Settings(home=tmp_path)) as storage:
        assert {each.path: each.day for each in DayPattern(pattern).find(storage)} == found


@pytest.mark.parametrize("pattern", ["", "/etc/passwd", "a//b", "{day!r}", "{day", "{0}"])
def test_patterns_that_make_no_sense_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        DayPattern(pattern)
