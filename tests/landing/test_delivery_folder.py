"""The folder of a delivery and its manifest: which files are read, and what is refused."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import DAY, Deliveries
from random_deliveries import with_parents
from servers import Place, Sftp

from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused
from orchestration.landing.intake import land
from orchestration.settings import Settings

PROVIDERS_ONLY = with_parents(WORKNET, WORKNET.extract("providers"))


@pytest.mark.parametrize("name", ["providers.csv", "manifest.json"])
@pytest.mark.parametrize("what", ["link out", "folder", "device"])
def test_only_files_in_the_folder_itself_are_read(
    config: Settings, deliveries: Deliveries, tmp_path: Path, name: str, what: str
) -> None:
    path = deliveries.write(PROVIDERS_ONLY) / name
    if what == "link out":
        path.rename(tmp_path / name)
        path.symlink_to(tmp_path / name)
    else:
        path.unlink()
        path.mkdir() if what == "folder" else os.mkfifo(path)
    with pytest.raises(DeliveryRefused, match=f"{name} is not a file in the delivery's own folder"):
        land(config, PROVIDERS_ONLY, DAY)


def test_a_link_within_the_folder_is_followed(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(PROVIDERS_ONLY)
    (folder / "providers.csv").rename(folder / "providers-2026.csv")
    (folder / "providers.csv").symlink_to("providers-2026.csv")
    assert land(config, PROVIDERS_ONLY, DAY).warnings == (
        "providers-2026.csv: in the folder but not in the manifest; ignored",
    )


def test_a_link_on_a_server_that_leaves_the_folder_is_refused(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    folder = Deliveries(on_sftp.folder).write(PROVIDERS_ONLY)
    (folder / "providers.csv").rename(on_sftp.folder / "providers.csv")
    (folder / "providers.csv").symlink_to("../../providers.csv")
    with pytest.raises(DeliveryRefused, match=r"providers\.csv is not a file in the delivery's own folder"):
        land(on_sftp.config(tmp_path / "home"), PROVIDERS_ONLY, DAY)


def test_files_that_are_not_in_the_manifest_are_ignored(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(PROVIDERS_ONLY)
    (folder / "old.csv").write_text("x")
    (folder / "a\nb").write_text("x")
    (folder / "more").mkdir()
    assert land(config, PROVIDERS_ONLY, DAY).warnings == (
        "a\\nb, more, old.csv: in the folder but not in the manifest; ignored",
    )


def _named_twice(text: str) -> str:
    return text.replace('"delivery": 1', '"delivery": 1, "delivery": 2')


def _changed(**values: Any) -> Callable[[str], str]:
    return lambda text: json.dumps(json.loads(text) | values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_named_twice, "it has a name twice"),
        (lambda text: text.replace("providers.csv", "../providers.csv"), r"wrong or missing files\.0\.name"),
        (lambda text: text.replace("providers.csv", "/etc/passwd"), r"wrong or missing files\.0\.name"),
        (lambda text: text.replace('"rows": 1', f'"rows": 1{"0" * 5000}'), "is not a manifest"),
        (lambda text: '{"files":' * 50_000, "is not a manifest"),
        (lambda text: text + " " * (1 << 20), "is larger than 1 MiB"),
        (_changed(delivery=10_000), "wrong or missing delivery"),
        (_changed(delivery=1e400), "wrong or missing delivery"),
        (_changed(files=[{"name": "providers.csv", "rows": 1, "sha256": "0" * 64}] * 2), "names a file more than once"),
        (_changed(as_of_date="２０２６-11-23"), "wrong or missing as_of_date"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(
    config: Settings, deliveries: Deliveries, change: Callable[[str], str], says: str
) -> None:
    path = deliveries.write(PROVIDERS_ONLY) / "manifest.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(DeliveryRefused, match=says) as refusal:
        land(config, PROVIDERS_ONLY, DAY)
    assert str(refusal.value).startswith("The Illinois workNet delivery of 2026-11-23 was refused: manifest.json")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(system="iwds"), "is for iwds and 2026-11-23, not for this folder"),
        (lambda m: m.update(as_of_date="2026-11-22"), "is for worknet and 2026-11-22, not for this folder"),
        (lambda m: m.update(delivery=0), "wrong or missing delivery"),
        (lambda m: m["files"][0].update(name="../../secrets.csv"), r"wrong or missing files\.0\.name"),
        (lambda m: m["files"].pop(), "names no file for program_completions"),
        (
            lambda m: m["files"].append({**m["files"][0], "name": "providers.csv.gz"}),
            "names providers more than once",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_the_delivery_is_refused(
    config: Settings, deliveries: Deliveries, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    folder = deliveries.write(WORKNET)
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DeliveryRefused, match=says):
        land(config, WORKNET, DAY)


@pytest.mark.parametrize("content", ["", "[", "[]", "null", "[" * 100_000, "x" * (2 << 20)])
def test_a_file_that_is_not_a_manifest_is_refused(config: Settings, deliveries: Deliveries, content: str) -> None:
    folder = deliveries.write(WORKNET)
    (folder / "manifest.json").write_text(content)
    with pytest.raises(DeliveryRefused, match=r"manifest\.json is"):
        land(config, WORKNET, DAY)


@pytest.mark.parametrize(
    ("in_folder", "in_manifest"),
    [("Providers.CSV", "Providers.CSV"), ("PROVIDERS.csv", "providers.csv"), ("providers.csv", "PROVIDERS.CSV")],
)
def test_file_names_compare_without_case(
    config: Settings, deliveries: Deliveries, in_folder: str, in_manifest: str
) -> None:
    folder = deliveries.write(PROVIDERS_ONLY)
    (folder / "providers.csv").rename(folder / in_folder)
    text = (folder / "manifest.json").read_text().replace("providers.csv", in_manifest)
    (folder / "manifest.json").unlink()
    (folder / "Manifest.JSON").write_text(text)
    delivery = land(config, PROVIDERS_ONLY, DAY)
    assert delivery.warnings == ()
    assert delivery.checksums.keys() == {in_manifest}


def test_a_compressed_file_in_capitals(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(PROVIDERS_ONLY)
    data = gzip.compress((folder / "providers.csv").read_bytes())
    deliveries.write(PROVIDERS_ONLY, {"PROVIDERS.CSV.GZ": data}, promise={"PROVIDERS.CSV.GZ": 1})
    assert list(land(config, PROVIDERS_ONLY, DAY).checksums) == ["PROVIDERS.CSV.GZ"]
