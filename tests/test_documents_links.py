"""What the documentation points to exists, and what it has to list is complete."""

import json
import re
from pathlib import Path

import pytest
from conftest import yacp
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from dashboard.settings import Settings as DashboardSettings
from orchestration.settings import PROJECT, Settings

PAGES = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((PROJECT / "docs").glob("*.md"))
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
README_LINES = 130

LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH_IN_CODE = re.compile(
    r"`((?:benchmarks|bi|dashboard|dbt_project|docs|expectations|models|orchestration|requirements|seeds|tests)/[\w./*-]*)`"
)
OF_THE_STATE = {"docs/"}  # folders of YACP_HOME that are called like ours
SETTING = re.compile(r"^\| (`YACP_\w+`(?:, `YACP_\w+`)*) \| (.+?) \|", re.MULTILINE)


def _names(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(PROJECT))) for page in pages]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    titles = HEADING.findall(FENCED.sub("", TEXTS[page]))
    plain = (re.sub(r"[^\w\- ]", "", title.strip().lower()) for title in titles)
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", _names(PAGES))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in (first or second for first, second in LINK.findall(FENCED.sub("", TEXTS[page]))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and (target not in TEXTS or anchor not in _anchors(target))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", _names(PAGES))
def test_every_file_named_exists(page: Path) -> None:
    named = set(PATH_IN_CODE.findall(TEXTS[page])) - OF_THE_STATE
    assert [name for name in sorted(named) if not any(PROJECT.glob(name.rstrip("/")))] == []


def test_every_page_is_in_the_index() -> None:
    index = {link for link, _ in LINK.findall(TEXTS[PROJECT / "docs" / "README.md"])}
    pages = {page.name for page in PAGES if page.parent == PROJECT / "docs" and page.name != "README.md"}
    assert pages - index == set()


def test_the_readme_is_short() -> None:
    assert len(TEXTS[PROJECT / "README.md"].splitlines()) <= README_LINES


def _settings(kind: type[BaseSettings]) -> list[object]:
    return [
        pytest.param(kind, name, id=f"{kind.model_config['env_prefix']}{name.upper()}") for name in kind.model_fields
    ]


@pytest.mark.parametrize(("kind", "name"), _settings(Settings) + _settings(DashboardSettings))
def test_every_setting_is_documented_once_with_its_default(kind: type[BaseSettings], name: str) -> None:
    variable = f"{kind.model_config['env_prefix']}{name.upper()}"
    (documented,) = [
        cells[number]
        for text in TEXTS.values()
        for names, defaults in SETTING.findall(text)
        for cells in [defaults.split(", ") if "`, `" in names else [defaults]]
        for number, found in enumerate(names.strip("`").split("`, `"))
        if found == variable
    ]
    field = kind.model_fields[name]
    if field.is_required():
        assert documented.startswith("none")
        return
    if documented.startswith("empty"):
        assert field.default in (None, "", (), SecretStr(""))
        return
    shown = documented.split("`")[1]
    if field.annotation is Path:
        assert PROJECT / shown == field.default
        return
    required = {other: PROJECT for other, of in kind.model_fields.items() if of.is_required()}
    given = json.loads(shown) if field.default == {} else shown
    assert getattr(kind.model_validate({**required, name: given}), name) == field.default


def test_every_command_is_documented_and_no_other(tmp_path: Path) -> None:
    shown = yacp(tmp_path, "--help").stdout.partition("Commands:")[2]
    rows = re.findall(r"^\| (`yacp .+?`) \|", TEXTS[PROJECT / "docs" / "commands.md"], re.MULTILINE)
    documented = [command for row in rows for command in re.findall(r"`yacp ([\w-]+)", row)]
    assert sorted(documented) == sorted(re.findall(r"^  ([\w-]+)  ", shown, re.MULTILINE))
