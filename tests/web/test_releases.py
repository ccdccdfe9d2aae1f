"""The dashboard follows what is published: no restart, no failed request, never two releases in one page."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, site_over

from orchestration.publishing.publish import publish
from orchestration.warehouse.dbt_project import compiled_marts


@pytest.fixture
def own_sample(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path)


@pytest.fixture
def own_site(own_sample: Sample, tmp_path: Path) -> Iterator[Site]:
    site = site_over(own_sample.home / "published", tmp_path)
    with site.client:
        yield site


def test_a_new_release_is_shown_to_the_next_request_and_the_old_one_closed(
    own_site: Site, own_sample: Sample, super_user: Person
) -> None:
    assert own_site.get("/lines/not_synced", super_user.email).status_code == 200
    publish(own_sample.settings, DAY, compiled_marts(own_sample.settings), "run")
    assert own_site.get("/lines/not_synced", super_user.email).status_code == 200
    assert [entry["release"] for entry in own_site.logged()] == [f"{DAY}-1", f"{DAY}-2"]
    releases = own_sample.home / "published" / "releases"
    open_files = [path.resolve() for path in Path("/proc/self/fd").iterdir() if path.exists()]
    assert {path.parent.name for path in open_files if releases in path.parents} == {f"{DAY}-2"}


def test_pages_cached_for_a_person_go_with_their_entitlements(
    own_site: Site, own_sample: Sample, planner: Person, super_user: Person
) -> None:
    """Even though their pages are cached, and cached pages of counts are sent at once."""
    pages = [f"{page}?scope={planner.scope}" for page in ("/", "/changes", "/lines/not_synced", "/sync-problems")]
    pages.append("/lines/not_synced.csv")
    for _ in range(2):
        assert [own_site.get(page, planner.email).status_code for page in pages] == [200] * len(pages)
    fresh = own_sample.home / "published/releases" / f"{DAY}-2"
    shutil.copytree(own_sample.home / "published/current", fresh)
    with duckdb.connect(str(fresh / "customers.duckdb")) as lists:
        lists.execute("delete from customers.lists.entitlements where email = ?", [planner.email])
        lists.execute(
            "update customers.lists.entitlements set may_list_customers = false where email = ?",
            [super_user.email],
        )
    assert own_site.get("/lines/not_synced", super_user.email).status_code == 200
    switch(own_sample, fresh)
    assert [own_site.get(page, planner.email).status_code for page in pages] == [403] * len(pages)
    assert own_site.get("/lines/not_synced", super_user.email).status_code == 403
    assert own_site.get("/", super_user.email).status_code == 200


def test_a_thousand_providers_don_t_make_a_page_heavy(own_sample: Sample, tmp_path: Path, super_user: Person) -> None:
    with duckdb.connect(str(own_sample.home / "published/current/dashboard.duckdb")) as counts:
        counts.execute(
            "insert into sections.application_status"
            " select s.* replace ('many' || n as scope_id, 'One of many, number ' || n as scope_name)"
            " from sections.application_status as s, range(1000) as many(n)"
            " where scope_type = 'provider' and scope_id ="
            " (select min(scope_id) from sections.application_status where scope_type = 'provider')"
        )
    site = site_over(own_sample.home / "published", tmp_path)
    assert 'data-matching="1000"' in site.get("/scopes?q=one+of+many", super_user.email).text
    for address in ("/", "/changes", "/scopes", "/lines/not_synced"):
        page = site.get(address, super_user.email)
        assets = [site.client.get(asset) for asset in re.findall(r'(?:href|src)="(/static/[^"]*)"', page.text)]
        assert len(assets) == 3
        assert sum(int(answer.headers["content-length"]) for answer in (page, *assets)) < 100_000


def test_a_broken_release_leaves_the_previous_one_shown(
    own_site: Site, own_sample: Sample, super_user: Person, caplog: pytest.LogCaptureFixture
) -> None:
    before = own_site.get("/", super_user.email).text
    broken = own_sample.home / "published/releases" / f"{DAY}-2"
    shutil.copytree(own_sample.home / "published/current", broken)
    (broken / "dashboard.duckdb").write_bytes(b"not a database")
    switch(own_sample, broken)
    assert own_site.get("/", super_user.email).text == before
    assert "can't be opened" in caplog.text
    assert "The previous release is still shown." in caplog.text


def switch(own_sample: Sample, release: Path) -> None:
    fresh = own_sample.home / "published/.current-test"
    fresh.symlink_to(f"releases/{release.name}")
    fresh.replace(own_sample.home / "published/current")


def test_without_a_release_the_page_says_so(tmp_path: Path, super_user: Person) -> None:
    site = site_over(tmp_path / "published", tmp_path)
    answer = site.get("/", super_user.email)
    assert answer.status_code == 503
    assert "Nothing is published yet" in answer.text
    assert site.client.get("/healthz").status_code == 503


def test_without_readable_entitlements_every_request_is_refused(
    own_sample: Sample, tmp_path: Path, super_user: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Where only the counts were copied."""
    (own_sample.home / "published/current/customers.duckdb").unlink()
    site = site_over(own_sample.home / "published", tmp_path)
    answer = site.get("/", super_user.email)
    assert answer.status_code == 503
    assert "customers.duckdb" in answer.text
    assert "Illinois" not in answer.text.replace("Illinois workNet", "")
    assert str(own_sample.home.resolve()) in caplog.text


def test_a_release_of_an_older_version_says_what_to_do(
    own_sample: Sample, tmp_path: Path, super_user: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with duckdb.connect(str(own_sample.home / "published/current/dashboard.duckdb")) as counts:
        counts.execute("drop table reference.lines")
    site = site_over(own_sample.home / "published", tmp_path)
    assert site.get("/", super_user.email).status_code == 503
    assert "lacks reference.lines; run its newest day again" in caplog.text


def test_lists_missing_from_this_machine_are_not_linked(own_sample: Sample, tmp_path: Path, super_user: Person) -> None:
    shutil.rmtree(own_sample.home / "published/current/parquet/customers")
    site = site_over(own_sample.home / "published", tmp_path)
    page = site.get(f"/?as_of={DAY_BEFORE}", super_user.email)
    assert page.status_code == 200
    assert 'href="/lines/' not in page.text
    assert site.get(f"/lines/not_synced?as_of={DAY_BEFORE}", super_user.email).status_code == 404
    assert site.get("/lines/not_synced", super_user.email).status_code == 200


def test_the_published_files_are_never_written(own_site: Site, own_sample: Sample, super_user: Person) -> None:
    folder = own_sample.home / "published"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    for address in ("/", "/lines/not_synced.xlsx", f"/sync-problems?as_of={DAY_BEFORE}", "/checks"):
        assert own_site.get(address, super_user.email).status_code == 200
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
