"""The dashboard in the browser goes on answering while releases come and go."""

import json
import threading
from pathlib import Path

import httpx
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import HEADER, Person, served

from orchestration.publishing.publish import publish
from orchestration.warehouse.dbt_project import compiled_marts


def test_no_request_fails_while_releases_follow_each_other(sample: Sample, tmp_path: Path, super_user: Person) -> None:
    """Only the newest is kept, so that every release is pruned while somebody reads it."""
    mine = sample.copy(tmp_path)
    addresses = [
        "/",
        f"/?as_of={DAY_BEFORE}",
        "/lines/not_synced",
        f"/lines/not_synced?as_of={DAY_BEFORE}",
        "/lines/progress_due.csv",
        f"/checks?as_of={DAY_BEFORE}",
    ]
    wrong: list[object] = []
    asked = dict.fromkeys(addresses, 0)
    is_over = threading.Event()

    def ask(address: str, root: str) -> None:
        with httpx.Client(base_url=root, headers={HEADER: super_user.email}, timeout=60) as client:
            while not is_over.is_set():
                try:
                    answer = client.get(address)
                    answer.raise_for_status()
                except httpx.HTTPError as error:
                    wrong.append(error)
                asked[address] += 1

    config = mine.settings.model_copy(update={"releases_kept": 1})
    marts = compiled_marts(config)
    with served(mine.home / "published", tmp_path) as root:
        threads = [threading.Thread(target=ask, args=(address, root)) for address in addresses]
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                publish(config, DAY, marts, "run")
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
    assert wrong == []
    assert min(asked.values()) > 0
    seen = {json.loads(line)["release"] for line in (tmp_path / "log").read_text().splitlines()}
    assert len(seen) > 1
    assert [path.name for path in (mine.home / "published/releases").glob("2*")] == [f"{DAY}-5"]
