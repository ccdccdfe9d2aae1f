"""Pulls of files that lie on an SFTP server or in a bucket."""

from pathlib import Path

import duckdb
import pytest
from conftest import DAY
from pydantic import SecretStr
from servers import Place
from written_deliveries import IWDS_VALUES
from written_profiles import FILES, WrittenProfile

from orchestration.contract.iwds import IWDS
from orchestration.failures import YacpError
from orchestration.landing.intake import land
from orchestration.pulling.pull import pull

ROW = IWDS_VALUES["applications"]


@pytest.fixture
def remote_profile(place: Place, tmp_path: Path) -> WrittenProfile:
    """Its files are at the place; its deliveries go to a folder of this machine."""
    settings = place.config(tmp_path / "home", extracts=str(tmp_path / "extracts"), retries=0)
    made = WrittenProfile(settings.sources_folder / "iwds", settings, IWDS)
    made.write(FILES.replace('"exports"', f'"{place.url}"'), applications="select * from app")
    return made


def bring(place: Place, profile: WrittenProfile) -> None:
    exported = profile.export_table("app", [ROW, {**ROW, "iwds_application_id": "I2"}])
    place.folder.mkdir(exist_ok=True)
    (place.folder / exported.name).write_bytes(exported.read_bytes())
    place.bring()


def test_files_on_a_server_are_pulled(place: Place, remote_profile: WrittenProfile) -> None:
    bring(place, remote_profile)
    assert pull(remote_profile.settings, IWDS, DAY).rows["applications"] == 2
    landed = land(remote_profile.settings, IWDS, DAY)
    path = landed.parquet(IWDS.extract("applications"))
    assert duckdb.sql(f"select iwds_application_id from '{path}' order by 1").fetchall() == [("I1",), ("I2",)]


def test_a_wrong_credential_is_one_sentence(
    place: Place, remote_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(place, remote_profile)
    wrong = remote_profile.settings.model_copy(update={"sftp_password": SecretStr("wrong")})
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(YacpError) as raised:
        pull(wrong, IWDS, DAY)
    assert str(raised.value).endswith(".")
    assert not any(secret in str(raised.value) for secret in place.secrets)
    assert not Path(wrong.extracts_root).exists()
