"""Patterns of file names with a day in them: ``{day:%Y}/CUST_{day:%Y%m%d}_*.txt``."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from string import Formatter

from orchestration.sources.storage import Storage

_DIRECTIVES = {"Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "y": r"\d{2}", "j": r"\d{3}", "b": r"[A-Za-z]{3}"}
_DEFAULT = "%Y-%m-%d"


class InvalidPattern(ValueError):
    """A pattern that can't be understood; the text says why."""


@dataclass(frozen=True)
class FoundFile:
    """A file at a location, and the day in its name; ``None`` when the pattern has none."""

    path: str
    day: date | None


class DayPattern:
    """Matches paths: ``*`` and ``?`` within a name, ``{day:…}`` with the directives of ``strftime``; without case."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.has_day = False
        """Whether the day is in the name; files without one belong to every day."""
        parts = [part for part in pattern.split("/") if part != "."]
        if not parts or "" in parts or ".." in parts:
            raise InvalidPattern(f"{pattern!r} is not a path below the location")
        self._parts = [self._compiled(part) for part in parts]

    def find(self, storage: Storage, day: date | None = None) -> Iterator[FoundFile]:
        """The files at the location, of all days or of one; in the order of their names."""
        yield from self._find(storage, "", 0, {}, day)

    def _find(
        self, storage: Storage, folder: str, depth: int, seen: dict[str, str], wanted: date | None
    ) -> Iterator[FoundFile]:
        regex, directives = self._parts[depth]
        for name in sorted(storage.names(folder)):
            if not (match := regex.fullmatch(name)):
                continue
            written = list(zip(directives, match.groups(), strict=True))
            if any(seen.get(directive, value) != value for directive, value in written):
                continue  # the folder says another day than the file
            path = f"{folder}/{name}" if folder else name
            if depth + 1 < len(self._parts):
                yield from self._find(storage, path, depth + 1, {**seen, **dict(written)}, wanted)
                continue
            day = _day({**seen, **dict(written)})
            if not self.has_day or (day is not None and wanted in (None, day)):
                yield FoundFile(path, day)

    def _compiled(self, part: str) -> tuple[re.Pattern[str], list[str]]:
        """The part as a regular expression, and the directive in each of its groups."""
        text: str = ""
        directives: list[str] = []
        try:
            fields = list(Formatter().parse(part))
        except ValueError as error:
            raise InvalidPattern(f"{self._pattern!r}: {error}") from None
        for literal, name, spec, conversion in fields:
            text += "".join({"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign)) for sign in literal)
            if name is None:
                continue
            if name != "day" or conversion:
                raise InvalidPattern(f"{self._pattern!r}: only {{day}} and the like of {{day:%Y%m%d}} may be in braces")
            for before, directive in re.findall(r"([^%]*)(?:%(.?)|$)", spec or _DEFAULT):
                text += re.escape(before)
                if directive:
                    text += f"({self._known(directive)})"
                    directives.append(f"%{directive}")
        self.has_day = self.has_day or bool(directives)
        return re.compile(text, re.IGNORECASE), directives

    def _known(self, directive: str) -> str:
        if directive not in _DIRECTIVES:
            known = ", ".join(f"%{known}" for known in _DIRECTIVES)
            raise InvalidPattern(f"{self._pattern!r}: %{directive} is not known here; there are {known}")
        return _DIRECTIVES[directive]


def _day(written: dict[str, str]) -> date | None:
    """The day that the directives together say; ``None`` when it is none, such as a 30th of February."""
    if not written:
        return None
    with suppress(ValueError):
        return datetime.strptime("|".join(written.values()), "|".join(written)).date()
    return None
