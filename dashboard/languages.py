"""The page's language: the interface by key, the guide's labels by their English words.

A label that was reworded in the seeds has no translation until somebody gives it one; it is shown in English and
marked as such, rather than in Spanish that says something else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_FOLDER = Path(__file__).parent / "translations"
_CHICAGO = ZoneInfo("America/Chicago")
DEFAULT = "en"


@dataclass(frozen=True, eq=False)
class Language:
    """One file of translations."""

    code: str
    name: str
    interface: Mapping[str, str]
    guide: Mapping[str, str]
    months: tuple[str, ...]
    short_months: tuple[str, ...]

    def text(self, key: str, **values: object) -> str:
        """A text of the interface. ``n`` chooses between ``key_one`` and ``key_other``."""
        if "n" in values:
            key = f"{key}_one" if values["n"] == 1 else f"{key}_other"
            values["n"] = number(values["n"])
        return self.interface[key].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.interface

    def of_guide(self, text: str) -> tuple[str, str]:
        """A label or text of the guide, and the language that it is in."""
        if self.code == DEFAULT:
            return text, DEFAULT
        return (self.guide[text], self.code) if text in self.guide else (text, DEFAULT)

    def code_name(self, kind: str, code: str | None) -> str:
        """What people call a code such as a sync status; one we don't know is shown as it is."""
        if code is None:
            return ""
        return self.interface.get(f"{kind}_{code}", code.replace("_", " "))

    def code_names(self, kind: str) -> dict[str, str]:
        """What people call the codes of a kind, by code."""
        begun = f"{kind}_"
        return {key.removeprefix(begun): text for key, text in self.interface.items() if key.startswith(begun)}

    def day(self, day: date) -> str:
        """A day in full."""
        return self.text("day", day=day.day, month=self.months[day.month - 1], year=day.year)

    def short_day(self, day: date) -> str:
        """A day in a table."""
        return self.text("short_day", day=day.day, month=self.short_months[day.month - 1], year=day.year)

    def moment(self, instant: datetime) -> str:
        """An instant, in Chicago."""
        there = instant.astimezone(_CHICAGO)
        clock = f"{there.hour % 12 or 12}:{there.minute:02d} {'AM' if there.hour < 12 else 'PM'} {there.tzname()}"
        return self.text("moment", day=self.short_day(there.date()), clock=clock)


def number(value: Any) -> str:
    """A number as people in Illinois write it, in either language."""
    return f"{value:,}"


def share(value: float | None) -> str:
    """A share from 0 to 1 in whole percent."""
    if value is None:
        return ""
    shown = f"{value:.0%}"
    return "<1%" if shown == "0%" and value > 0 else shown


@cache
def languages() -> dict[str, Language]:
    """Every language there is a file for, the default first."""
    found = {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.toml"))}
    return {DEFAULT: found.pop(DEFAULT), **found}


def preferred(accepted: str) -> Language:
    """The best of what a browser's ``Accept-Language`` asks for."""
    wishes: list[tuple[float, str]] = []
    for wish in accepted.split(",")[:20]:
        name, _, quality = wish.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            weight = 0.0
        wishes.append((-weight, name.strip().lower().split("-")[0]))
    for weight, code in sorted(wishes, key=lambda wish: wish[0]):
        if weight < 0 and code in languages():
            return languages()[code]
    return languages()[DEFAULT]


def _read(path: Path) -> Language:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return Language(
        code=path.stem,
        name=content["name"],
        interface=content["interface"],
        guide=content.get("guide", {}),
        months=tuple(content["months"]),
        short_months=tuple(content["short_months"]),
    )
