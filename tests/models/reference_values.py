"""How the second implementation of the rules reads days, instants, and names; it uses nothing of the models either."""

import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

CHICAGO = ZoneInfo("America/Chicago")


def day_of(value: str | None) -> date | None:
    """The calendar day in Chicago of a date or a time as delivered; a time without an offset is Chicago's."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment.astimezone(CHICAGO).date() if moment.tzinfo else moment.date()


def instant(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=CHICAGO)


def name_key(name: str) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
    return "".join(letter for letter in plain.lower() if letter not in " -'’")


def year_after(day: date) -> date:
    return date(day.year + 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def service_key(name: str) -> str:
    return "".join(name.lower().split())


def age(day: date, as_of: date) -> int:
    return max(0, (as_of - day).days)
