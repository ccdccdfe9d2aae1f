"""What every response has, its language, and how the dashboard is started."""

import os
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import YACP, Sample, yacp
from dashboard_site import Person, Site

import dashboard
from dashboard.languages import languages, percent, preferred
from dashboard.scopes import InvalidScope, Scope
from orchestration.settings import PROJECT

TRANSLATIONS = Path(dashboard.__file__).parent / "translations"
ADDRESSES = {
    "/": 200,
    "/lines/not_synced": 200,
    "/lines/not_synced.csv": 200,
    "/scopes.json": 200,
    "/nowhere": 404,
    "/lines/nobody": 404,
    "/?scope=county:1": 404,
    "/healthz": 200,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_response_has_security_headers(site: Site, super_user: Person, address: str) -> None:
    answer = site.get(address, super_user.email)
    assert answer.status_code == ADDRESSES[address]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert set(re.findall(r"\w+-src ([^;]+)", policy)) == {"'none'", "'self'"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


def test_an_internal_error_has_security_headers_and_no_details(
    site: Site, super_user: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise RuntimeError("C000000001")

    monkeypatch.setattr("dashboard.visit.Visit.from_request", break_off)
    answer = site.get("/", super_user.email)
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "C000000001" not in answer.text


def test_lists_are_never_cached_and_counts_never_shared(site: Site, super_user: Person) -> None:
    for address in ADDRESSES:
        kept = site.get(address, super_user.email).headers["cache-control"]
        assert kept == ("private, no-cache" if address in ("/", "/scopes.json") else "no-store")
    assert site.get("/sync-problems.csv", super_user.email).headers["cache-control"] == "no-store"


def test_pages_are_compressed_when_the_client_accepts_it(site: Site, super_user: Person) -> None:
    for address in ("/", "/lines/not_synced"):
        plain, packed, refused = (
            site.get(address, super_user.email, **{"Accept-Encoding": accepted})
            for accepted in ("identity", "deflate, gzip", "gzip;q=0")
        )
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert "content-encoding" not in refused.headers
        assert packed.text == plain.text == refused.text
        assert int(packed.headers["content-length"]) < len(plain.content) / 3


def test_nothing_is_inline_or_from_other_sites(site: Site, super_user: Person) -> None:
    for address in ("/", "/lines/not_synced", "/changes", "/checks", "/scopes", "/sync-problems"):
        page = site.get(address, super_user.email).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)|<iframe|<object", page)
        for address_used in re.findall(r'(?:src|href|action)="([^"]*)"', page):
            assert re.match(r"(/(?!/)|#|mailto:)", address_used), address_used


def test_static_files_are_cached_and_their_address_changes_with_them(site: Site) -> None:
    page = site.client.get("/nowhere").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]*)"', page):
        answer = site.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"\?v=[0-9a-f]{12}$", address)


def test_translations_have_the_same_texts_with_the_same_values() -> None:
    files = {path.stem: tomllib.loads(path.read_text()) for path in TRANSLATIONS.glob("*.toml")}
    assert set(files) == {"en", "es"}
    english = files.pop("en")
    for other in files.values():
        assert list(other["interface"]) == list(english["interface"])
        for key, text in english["interface"].items():
            values = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert {name for _, name, _, _ in string.Formatter().parse(other["interface"][key]) if name} == values
        assert len(other["months"]) == len(other["short_months"]) == 12


def test_every_text_in_use_exists_and_every_text_is_used() -> None:
    folder = Path(dashboard.__file__).parent
    sources = "".join(path.read_text() for path in [*folder.glob("*.py"), *folder.glob("templates/*")])
    prefixes = (
        "colour_", "scope_type_", "download_", "moved_", "sync_", "iwds_", "error_", "step_", "system_", "outcome_",
        "recommendation_", "completion_", "service_", "credential_", "measure_", "flow_", "change_",
        "kind_", "stays_", "wait_",
    )  # fmt: skip
    texts = {re.sub(r"_(one|other)$", "", key) for key in languages()["en"].interface}
    asked = set(re.findall(r"(?:\bt|text|has)\(\s*\"(\w+)\"", sources))
    assert {key for key in asked if not key.endswith("_")} <= texts
    named = set(re.findall(r"\"(\w+)\"", sources))
    assert {key for key in texts - named if not key.startswith(prefixes)} == set()
    reasons = set(re.findall(r"(?:Forbidden|NotFound|Unavailable)\(\"(\w+)\"", sources))
    assert reasons
    assert {f"error_{reason}" for reason in reasons} <= texts


def test_spanish_has_every_label_and_marks_what_is_in_english(site: Site, sample: Sample, super_user: Person) -> None:
    labels = sample.query(
        "dashboard",
        "select distinct unnest([section_name, line_name]) from it.sections.dashboard"
        " union all select note from it.reference.sections where note is not null"
        " union all select unnest([colour_name, meaning]) from it.reference.colours",
    )
    spanish = languages()["es"]
    assert [text for (text,) in labels if spanish.of_guide(str(text))[1] != "es"] == []
    page = site.get("/?lang=es", super_user.email).text
    assert '<html lang="es">' in page
    assert page.count('<div class="prose" lang="en">') == page.count('<div class="prose"') > 40
    assert "se muestran en inglés" in page
    assert spanish.of_guide("A label that was reworded") == ("A label that was reworded", "en")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("de,es;q=0.5", "es"),
        ("fr", "en"),
        ("", "en"),
        ("es;q=0", "en"),
        ("es;q=x,;;,", "en"),
    ],
)
def test_the_browser_decides_the_language_unless_the_address_does(
    site: Site, super_user: Person, accepted: str, language: str
) -> None:
    assert preferred(accepted).code == language
    answer = site.get("/", super_user.email, **{"Accept-Language": accepted})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["vary"] == "Accept-Language, Accept-Encoding"
    assert '<html lang="en">' in site.get("/?lang=en", super_user.email, **{"Accept-Language": accepted}).text


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (0.0, "0%"), (0.004, "<1%"), (0.2, "20%"), (2 / 3, "67%"), (1.0, "100%")]
)
def test_percentages_are_whole_numbers(value: float | None, shown: str) -> None:
    assert percent(value) == shown


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("statewide", "statewide"),
        ("statewide:IL", "statewide"),
        ("lwia:7", "lwia:7"),
        ("lwia:07", "lwia:7"),
        ("provider:P001", "provider:P001"),
        ("provider:a:b", "provider:a:b"),
    ],
)
def test_scopes_are_read_in_several_forms_and_written_in_one(text: str, scope: str) -> None:
    assert str(Scope.parse(text)) == scope


@pytest.mark.parametrize("text", ["", "lwia", "lwia:", "lwia:seven", "lwia:٧", "county:1", "provider:", "provider: P"])
def test_anything_else_is_not_a_scope(text: str) -> None:
    with pytest.raises(InvalidScope, match="write statewide, lwia:NUMBER or provider:ID"):
        Scope.parse(text)


def test_scopes_and_percentages_need_no_web_server() -> None:
    script = "import sys, dashboard.scopes, dashboard.languages; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {"starlette", "jinja2", "duckdb", "pydantic"}.isdisjoint(name.partition(".")[0] for name in loaded)


def test_it_imports_nothing_of_the_pipeline() -> None:
    """So that it runs on a machine that has the published files and a few packages."""
    script = "import sys, dashboard.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    unwanted = {"orchestration", "dagster", "dbt", "pandas", "great_expectations", "fsspec", "rich"}
    assert unwanted.isdisjoint(name.partition(".")[0] for name in loaded)


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--as", "a@example.org", "--host", "0.0.0.0"], {}, "it listens on 127.0.0.1 only, not on 0.0.0.0"),  # noqa: S104
        (["--as", "a@example.org"], {"YACP_DASHBOARD_PROXIES": "10.0.0.1"}, "treats every visitor as one person"),
        ([], {"YACP_DASHBOARD_PROXIES": "the proxy"}, "A setting is wrong: YACP_DASHBOARD_PROXIES"),
        (["--port", "123456"], {}, "YACP_DASHBOARD_PORT"),
    ],
)
def test_an_unsafe_or_wrong_start_is_refused(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], message: str
) -> None:
    command = [sys.executable, "-m", "dashboard", "--published", str(tmp_path), *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_make_dashboard_shows_it_as_a_super_user_of_the_sample(sample: Sample) -> None:
    """Make has variables of its own, whose names would win over ours."""
    command = ["make", "--dry-run", "dashboard"]
    variables = {"PATH": os.environ["PATH"]}
    said = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=True).stdout
    found = re.search(r"yacp serve --as (\S+)$", said, re.MULTILINE)
    assert found
    ((role,),) = sample.query("customers", f"select role from it.lists.entitlements where email = '{found[1]}'")
    assert role == "super_user"


def test_yacp_serve_refuses_in_one_sentence(tmp_path: Path) -> None:
    result = yacp(tmp_path, "serve", "--as", "a@example.org", "--port", "99999")
    assert result.returncode == 2
    assert "65535" in result.stderr


def test_yacp_serve_shows_what_is_published(sample: Sample, super_user: Person) -> None:
    """A real server, on a free port."""
    import socket
    import time
    import urllib.request

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(YACP), "serve", "--as", super_user.email, "--port", str(port)]
    with subprocess.Popen(
        command,
        env={"YACP_HOME": str(sample.home), "PATH": ""},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            for _ in range(300):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/lines/not_synced") as answer:
                        page = answer.read().decode()
                    break
                except ConnectionError:
                    time.sleep(0.1)
                except OSError:
                    time.sleep(0.1)
            assert "data-customer" in page
        finally:
            server.terminate()
            output, _ = server.communicate(timeout=30)
    assert super_user.email in output  # the access log
