"""The languages of the pages: the interface by key, the guide's labels by their English text; and percentages.

A label that was reworded in the seeds has no translation until someone adds one. Until then it is shown in English
and marked as English, rather than in Spanish that says something else. Needs the standard library only.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

_CHICAGO = ZoneInfo("America/Chicago")
DEFAULT = "en"


@dataclass(frozen=True, eq=False)
class Language:
    """One file of translations."""

    code: str
    name: str
    months: Sequence[str]
    short_months: Sequence[str]
    interface: Mapping[str, str]
    guide: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, **values: object) -> str:
        """A text of the interface. A number ``n`` chooses between ``key_one`` and ``key_other``."""
        n = values.get("n")
        if isinstance(n, int):
            key = f"{key}_one" if n == 1 else f"{key}_other"
            values["n"] = f"{n:,}"
        return self.interface[key].format(**values)

    def of_guide(self, text: str) -> tuple[str, str]:
        """A text of the guide in this language, or in English without a translation; and which of the two it is."""
        return (self.guide[text], self.code) if text in self.guide else (text, DEFAULT)

    def code_name(self, kind: str, code: str | None) -> str:
        """The name of a code such as a sync status; the code itself when it has no name."""
        if code is None:
            return ""
        return self.interface.get(f"{kind}_{code}", code.replace("_", " "))

    def code_names(self, kind: str) -> dict[str, str]:
        """The names of all codes of a kind."""
        prefix = f"{kind}_"
        return {key.removeprefix(prefix): text for key, text in self.interface.items() if key.startswith(prefix)}

    def day(self, day: date) -> str:
        """A day with the month's full name."""
        return self.text("day", day=day.day, month=self.months[day.month - 1], year=day.year)

    def short_day(self, day: date) -> str:
        """A day for tables."""
        return self.text("short_day", day=day.day, month=self.short_months[day.month - 1], year=day.year)

    def month(self, day: date) -> str:
        """The month of a day, with its year."""
        return self.text("month", month=self.months[day.month - 1], year=day.year)

    def moment(self, timestamp: datetime) -> str:
        """A timestamp, in Chicago time."""
        local = timestamp.astimezone(_CHICAGO)
        clock = f"{local.hour % 12 or 12}:{local.minute:02d} {'AM' if local.hour < 12 else 'PM'} {local.tzname()}"
        return self.text("moment", day=self.short_day(local.date()), clock=clock)


def percent(share: float | None) -> str:
    """A share from 0 to 1 in whole percent; empty for ``None``, and never ``0%`` for more than nothing."""
    if share is None:
        return ""
    text = f"{share:.0%}"
    return "<1%" if text == "0%" and share > 0 else text


def points(change: float) -> str:
    """A change of a share in percentage points, with its sign."""
    text = f"{change * 100:+.1f}"
    return "0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def day_count(days: float) -> str:
    """A number of days, with a tenth where it isn't whole."""
    return f"{days:,.1f}".removesuffix(".0")


@cache
def languages() -> dict[str, Language]:
    """Every language that has a file, the default first."""
    paths = sorted((Path(__file__).parent / "translations").glob("*.toml"))
    found = {path.stem: Language(path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths}
    return {DEFAULT: found.pop(DEFAULT), **found}


def preferred(accept_language: str) -> Language:
    """The best of what a browser's ``Accept-Language`` header asks for."""
    best, best_weight = DEFAULT, 0.0
    for choice in accept_language.split(",")[:20]:
        name, _, quality = choice.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        code = name.strip().lower().split("-")[0]
        if weight > best_weight and code in languages():
            best, best_weight = code, weight
    return languages()[best]
