"""Who has access, and to what: checked on the server for every request."""

from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from conftest import DAY_BEFORE, Sample
from dashboard_site import HEADER, PROXY, Person, Site, settings_of
from starlette.testclient import TestClient

from dashboard.app import create_app
from dashboard.settings import Settings

PAGES = [
    "/",
    "/changes",
    "/checks",
    "/scopes",
    "/scopes.json",
    "/sync-problems",
    "/sync-problems.csv",
    "/sync-problems.xlsx",
    "/lines/not_synced",
    "/lines/not_synced.csv",
    "/lines/not_synced.xlsx",
]
LISTS = [page for page in PAGES if page.startswith(("/lines", "/sync"))]
LOCAL = ("127.0.0.1", 40000)


@pytest.fixture(scope="module")
def names(sample: Sample) -> set[str]:
    """What must not be in a response without data."""
    people = sample.query("customers", "select first_name, last_name from it.lists.line_customers")
    scopes = sample.query("dashboard", "select distinct scope_name from it.sections.dashboard")
    return {str(name) for row in people + scopes for name in row if len(str(name)) > 5}


@pytest.mark.parametrize("page", PAGES)
def test_without_proxies_every_request_is_refused(
    sample: Sample, names: set[str], super_user: Person, page: str
) -> None:
    app = create_app(Settings(published=sample.home / "published"))
    for client in (PROXY, LOCAL):
        answer = TestClient(app, client=client).get(page, headers={HEADER: super_user.email})
        assert answer.status_code == 403
        assert not any(name in answer.text for name in names)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (PROXY, []),
        (PROXY, [(HEADER, "")]),
        (PROXY, [(HEADER, "{super_user}"), (HEADER, "somebody.else@example.org")]),
        (PROXY, [(HEADER, "{super_user},{super_user}")]),
        (PROXY, [("X-Other-Email", "{super_user}")]),
        (PROXY, [(HEADER, "nobody@example.org")]),
        (("10.1.3.3", 40000), [(HEADER, "{super_user}")]),
        (("10.1.3.3", 40000), [(HEADER, "{super_user}"), ("X-Forwarded-For", "10.1.2.3")]),
        (LOCAL, [(HEADER, "{super_user}")]),
        (("not an address", 40000), [(HEADER, "{super_user}")]),
    ],
)
def test_only_a_configured_proxy_can_say_who_is_signed_in(
    sample: Sample,
    super_user: Person,
    tmp_path: Path,
    page: str,
    client: tuple[str, int],
    headers: list[tuple[str, str]],
) -> None:
    app = create_app(settings_of(sample.home / "published", tmp_path))
    given = [(name, value.format(super_user=super_user.email)) for name, value in headers]
    assert TestClient(app, client=client).get(page, headers=given).status_code == 403
    assert not (tmp_path / "access.log").exists()


def test_the_proxy_s_address_and_header_are_normalized(sample: Sample, super_user: Person, tmp_path: Path) -> None:
    app = create_app(settings_of(sample.home / "published", tmp_path))
    for client in (PROXY, ("::ffff:10.1.2.3", 40000)):
        answer = TestClient(app, client=client).get("/", headers={HEADER: f" {super_user.email.upper()} "})
        assert answer.status_code == 200


def test_another_header_can_be_configured(sample: Sample, super_user: Person, tmp_path: Path) -> None:
    settings = settings_of(sample.home / "published", tmp_path, identity_header="X-Auth-Request-Email")
    client = TestClient(create_app(settings), client=PROXY)
    assert client.get("/", headers={"X-Auth-Request-Email": super_user.email}).status_code == 200
    assert client.get("/", headers={HEADER: super_user.email}).status_code == 403


@pytest.mark.parametrize(
    ("client", "host", "headers", "status"),
    [
        (LOCAL, "127.0.0.1:8080", {}, 200),
        (LOCAL, "localhost:8080", {}, 200),
        (("::1", 40000), "[::1]:8080", {}, 200),
        (LOCAL, "dashboard.example.org", {}, 403),
        (LOCAL, "", {}, 400),
        (LOCAL, "localhost:8080", {"X-Forwarded-For": "192.0.2.7"}, 403),
        (LOCAL, "localhost:8080", {"Forwarded": "for=192.0.2.7"}, 403),
        (("192.0.2.7", 40000), "localhost:8080", {}, 403),
    ],
)
def test_as_is_for_this_machine_only(
    sample: Sample,
    super_user: Person,
    client: tuple[str, int],
    host: str,
    headers: dict[str, str],
    status: int,
) -> None:
    app = create_app(Settings(published=sample.home / "published"), super_user.email)
    answer = TestClient(app, client=client).get("/", headers={"Host": host, **headers})
    assert answer.status_code == status


def test_as_ignores_the_identity_header(sample: Sample, super_user: Person, provider_staff: Person) -> None:
    client = TestClient(create_app(Settings(published=sample.home / "published"), provider_staff.email), client=LOCAL)
    answer = client.get("/lines/not_synced", headers={"Host": "localhost", HEADER: super_user.email})
    assert answer.status_code == 403


def test_a_super_user_sees_every_scope_and_list(site: Site, sample: Sample, super_user: Person) -> None:
    scopes = sample.query("dashboard", "select distinct scope_type, scope_id from it.sections.dashboard")
    assert len(scopes) > 40
    for kind, name in scopes:
        scope = "statewide" if kind == "statewide" else f"{kind}:{name}"
        assert site.get(f"/?scope={scope}", super_user.email).status_code == 200
        assert site.get(f"/lines/not_synced?scope={scope}", super_user.email).status_code == 200


@pytest.mark.parametrize("role", ["planner", "provider_staff"])
def test_others_see_only_their_own_scopes(
    site: Site, sample: Sample, request: pytest.FixtureRequest, role: str
) -> None:
    them: Person = request.getfixturevalue(role)
    own = {
        f"{kind}:{name}"
        for kind, name in sample.query(
            "customers",
            f"select scope_type, scope_id from it.lists.entitlements where email = '{them.email}'",
        )
    }
    assert own
    may_list = role == "planner"
    every = sample.query("dashboard", "select distinct scope_type, scope_id from it.sections.dashboard")
    for scope in [f"{kind}:{name}" for kind, name in every if kind != "statewide"] + ["statewide"]:
        for page in PAGES:
            expected = 200 if scope in own and (may_list or page not in LISTS) else 403
            assert site.get(f"{page}?scope={scope}", them.email).status_code == expected, (page, scope)
    assert {entry["scope"] for entry in site.logged()} == (own if may_list else set())
    assert {entry["who"] for entry in site.logged()} <= {them.email}


def test_provider_staff_see_counts_and_no_link_to_a_list(
    site: Site, sample: Sample, provider_staff: Person, planner: Person
) -> None:
    page = site.get("/", provider_staff.email).text
    assert "/lines/" not in page
    assert "/sync-problems" not in page
    assert f'data-scope="{provider_staff.scope}"' in page
    assert "/lines/not_synced" in site.get("/", planner.email).text


def test_no_count_page_has_a_customer_s_name(site: Site, sample: Sample, super_user: Person) -> None:
    people = {
        f"{last}, {first}"
        for first, last in sample.query(
            "customers", "select distinct first_name, last_name from it.lists.line_customers"
        )
    }
    for page in set(PAGES) - set(LISTS):
        text = site.get(page, super_user.email).text
        assert not any(name in text for name in people)


@pytest.mark.parametrize("page", ["/", *LISTS])
@pytest.mark.parametrize(
    "query",
    [
        "scope=lwia:1'%20or%201=1--",
        "scope=lwia:07",
        "scope=LWIA:7",
        "scope=county:7",
        "scope=provider:",
        "scope=provider:nobody",
        "scope=statewide:IL",
        "scope=statewide&scope=lwia:7",
        "as_of=2026-11-24",
        "as_of=2026-11-2",
        "as_of=20261123",
        "as_of=yesterday",
        "as_of=../../../customers",
        "as_of=2026-11-23%00",
        "lang=../en",
        "lang=xx",
        "nothing=known",
        "page=0",
        "page=-1",
        "page=1e3",
        "page=%D9%A1",
        "page=99999",
        "page=9999999999999999999999",
        "sort=days_on_line",
        "sort=--days",
        "sort=-",
        "sort=last_name;drop%20table%20x",
        "sync=nonsense",
        "iwds=nonsense",
        "provider=nobody",
        "initial=ab",
        "due=4",
        "moved=away",
    ],
)
def test_a_manipulated_address_returns_no_data(
    site: Site, names: set[str], super_user: Person, page: str, query: str
) -> None:
    answer = site.get(f"{page}?{query}", super_user.email)
    assert answer.status_code == 404
    assert not any(name in answer.text for name in names)
    assert site.logged() == []


@pytest.mark.parametrize("line", ["nobody", "total", "not_synced%20", "NOT_SYNCED", "not_synced'--", "not_synced.json"])
@pytest.mark.parametrize("kind", ["", ".csv", ".xlsx"])
def test_an_unknown_line_is_not_found(site: Site, super_user: Person, line: str, kind: str) -> None:
    assert site.get(f"/lines/{line}{kind}", super_user.email).status_code == 404
    assert site.logged() == []


def test_nothing_can_be_written(site: Site, super_user: Person) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = site.client.request(method, "/", headers={HEADER: super_user.email})
        assert answer.status_code == 405


@pytest.mark.parametrize("page", ["/", "/lines/not_synced", "/lines/not_synced.csv", "/healthz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_every_address_is_read_only(site: Site, super_user: Person, page: str, method: str) -> None:
    answer = site.client.request(method, page, headers={HEADER: super_user.email})
    assert answer.status_code == 405
    assert "data-customer" not in answer.text
    assert site.logged() == []


@pytest.mark.parametrize("page", PAGES)
def test_head_requests_need_the_same_permission(
    site: Site, super_user: Person, provider_staff: Person, page: str
) -> None:
    def head(email: str) -> httpx.Response:
        return site.client.head(page, headers={HEADER: email})

    assert (head(super_user.email).status_code, head(super_user.email).content) == (200, b"")
    assert head(provider_staff.email).status_code == (403 if page in LISTS else 200)
    assert head("nobody@example.org").status_code == 403
    assert len(site.logged()) == (2 if page in LISTS else 0)


def test_two_people_at_one_address_each_get_their_own_page(
    site: Site, super_user: Person, planner: Person, provider_staff: Person
) -> None:
    """It doesn't matter who asked first: pages are cached for each person."""
    scope = provider_staff.scope
    for person in (super_user, provider_staff, super_user, provider_staff):
        page = site.get(f"/?scope={scope}", person.email).text
        assert f">{person.email}</p>" in page
        assert ("/lines/" in page) == (person is super_user)
    for person in (super_user, planner):
        assert f">{person.email}</p>" in site.get(f"/lines/not_synced?scope={planner.scope}", person.email).text
    assert site.get(f"/lines/not_synced?scope={planner.scope}", provider_staff.email).status_code == 403
    spanish = site.get(f"/?scope={scope}", super_user.email, **{"Accept-Language": "es"}).text
    assert '<html lang="es">' in spanish
    assert '<html lang="en">' in site.get(f"/?scope={scope}", super_user.email, **{"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/%2e%2e/settings.py",
        "/static//etc/passwd",
        "/static/dashboard.css/../../app.py",
        "/static/",
        "/../../etc/passwd",
        "/lines/..%2f..%2fcustomers.duckdb",
        "/lines/not_synced.csv/../../checks",
    ],
)
def test_no_path_leads_to_other_files(base: str, super_user: Person, path: str) -> None:
    """Requested as written; most clients would normalize the address."""
    connection = HTTPConnection(base.removeprefix("http://"))
    connection.request("GET", path, headers={HEADER: super_user.email})
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"root:" not in answer.read()
    connection.close()


@pytest.mark.parametrize("page", ["/", "/lines/not_synced", "/scopes"])
@pytest.mark.parametrize(
    "query", ["q=" + "a" * 5000, "scope=provider:" + "a" * 5000, "a" * 60000, "&".join(["x"] * 9000)]
)
def test_a_very_long_address_is_not_found(site: Site, super_user: Person, page: str, query: str) -> None:
    assert site.get(f"{page}?{query}", super_user.email).status_code == 404
    assert site.logged() == []


def test_an_old_bookmark_shows_the_day_it_names(site: Site, super_user: Person) -> None:
    page = site.get(f"/?as_of={DAY_BEFORE}", super_user.email).text
    assert f'data-as-of="{DAY_BEFORE}"' in page
