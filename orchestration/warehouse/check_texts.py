"""What each check says to people: its title, and the sentence that says what must hold."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import yaml

from orchestration.failures import BuildFailed
from orchestration.warehouse.dbt_project import PROJECT_DIR

_FILE = "check_texts.yml"


class CheckText(NamedTuple):
    """A check in words. Its name is only a key."""

    title: str
    sentence: str


def dbt_test_text(node: Mapping[str, Any]) -> CheckText:
    """The words of a dbt test: its own, or those of its kind in ``dbt_project/check_texts.yml``."""
    texts = _texts()
    metadata = node.get("test_metadata") or {"name": "", "kwargs": {}}
    kind = texts["tests"].get(metadata["name"], {})
    title = node["config"].get("meta", {}).get("title") or kind.get("title")
    sentence = node.get("description") or kind.get("sentence")
    if not title or not sentence:
        raise BuildFailed(
            f"The check {node['name']} ({node['original_file_path'].removeprefix('../')}) has no title or no sentence. "
            f"Give the test a description and config.meta.title there, or its kind a text in dbt_project/{_FILE}."
        )
    arguments = metadata["kwargs"]
    names = arguments.get("columns") or arguments.get("keys") or [arguments.get("column_name")]
    if "{columns}" not in title + sentence:
        return CheckText(title, sentence)
    words = _in_words(names, texts["columns"], node["name"])
    return CheckText(title.format(columns=words), sentence.format(columns=words))


def _in_words(columns: Sequence[str], words: Mapping[str, str | None], check: str) -> str:
    if unknown := [column for column in columns if column not in words]:
        raise BuildFailed(
            f"The check {check} is about {', '.join(unknown)}, which has no words. Add them under columns in "
            f"dbt_project/{_FILE}."
        )
    said = [word for column in columns if (word := words[column])]
    if len(said) < 3:
        return " and ".join(said)
    return f"{', '.join(said[:-1])}, and {said[-1]}"


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = yaml.safe_load((PROJECT_DIR / _FILE).read_text())
    return texts
