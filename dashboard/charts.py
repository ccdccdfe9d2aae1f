"""Where things go in a picture: scales, lines with gaps, and bars. Needs the standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WIDTH, HEIGHT = 800, 320
LEFT, RIGHT, TOP, BOTTOM = 110, 740, 20, 270
BAR_WIDTH = 1000
"""The width of a bar of one line, which is stretched to the page."""
_LABEL_HEIGHT = 26
_STEPS = (1, 2, 2.5, 5, 10)
Point = tuple[int, int]
Values = Sequence[tuple[date, float | None]]


@dataclass(frozen=True)
class ChartLine:
    """A line: its unbroken parts, days that stand alone, its last point, and where its letter goes."""

    segments: tuple[str, ...]
    dots: tuple[Point, ...]
    end: Point
    label_y: int


@dataclass(frozen=True)
class LineChart:
    """The lines of a picture with its scales; ``gaps`` are the start and width of spans without a published day."""

    lines: tuple[ChartLine | None, ...]
    values: tuple[tuple[int, float], ...]
    days: tuple[tuple[int, date, str], ...]
    gaps: tuple[Point, ...]


def scale_end(highest: float) -> float:
    """The end of a scale from 0 that has room for a value: a round number."""
    if highest <= 0:
        return 1
    power = 1.0
    while power * 10 <= highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(step * power for step in _STEPS if step * power >= highest)


def gap_spans(days: Sequence[date]) -> list[tuple[date, date]]:
    """The first and last day of each span between published days in which no day was published."""
    one = timedelta(days=1)
    return [(before + one, after - one) for before, after in pairwise(days) if after - before > one]


def line_chart(days: Sequence[date], series: Sequence[Values], *, whole: bool) -> LineChart:
    """A chart of values by day, over the published days; ``None`` for a series without values.

    The scale begins at 0 unless all values are far from it; ``whole`` for values that have no fractions.
    """
    found = [value for values in series for _, value in values if value is not None]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    start = 0.0 if low < high / 2 or high == low == 0 else low - max(high - low, high / 50) * 0.2
    step = scale_end(max((high - start) / 4, 1e-9))
    step = max(step, 1) if whole else step
    start = start // step * step
    ticks = [start + number * step for number in range(int((high - start) / step + 0.9999) + 1)]
    ticks = ticks if len(ticks) > 1 else [start, start + step]

    def y(value: float) -> int:
        return round(BOTTOM - (value - start) / (ticks[-1] - start) * (BOTTOM - TOP))

    span = max((days[-1] - days[0]).days, 1)

    def x(day: date) -> int:
        return round(LEFT + (day - days[0]).days / span * (RIGHT - LEFT))

    lines = [_line([(day, x(day), y(value)) for day, value in values if value is not None]) for values in series]
    return LineChart(
        lines=tuple(_apart(lines)),
        values=tuple((y(tick), tick) for tick in ticks),
        days=_day_ticks(days, x(days[-1])),
        gaps=tuple((x(before), x(after) - x(before)) for before, after in pairwise(days) if (after - before).days > 1),
    )


def _day_ticks(days: Sequence[date], end: int) -> tuple[tuple[int, date, str], ...]:
    """The first and the last day; there is room for no more on a phone."""
    first = (LEFT, days[0], "start")
    return (first,) if len(days) == 1 else (first, (end, days[-1], "end"))


def _line(points: Sequence[tuple[date, int, int]]) -> ChartLine | None:
    """Broken wherever a calendar day is missing."""
    if not points:
        return None
    runs = [[points[0]]]
    for before, point in pairwise(points):
        if (point[0] - before[0]).days > 1:
            runs.append([])
        runs[-1].append(point)
    end = points[-1][1:]
    return ChartLine(
        segments=tuple(" ".join(f"{x},{y}" for _, x, y in run) for run in runs if len(run) > 1),
        dots=tuple(run[0][1:] for run in runs if len(run) == 1),
        end=end,
        label_y=end[1],
    )


def _apart(lines: Sequence[ChartLine | None]) -> list[ChartLine | None]:
    """With the letters moved apart where lines end close together."""
    placed = list(lines)
    lowest = TOP - _LABEL_HEIGHT
    order = sorted((line.end[1], number) for number, line in enumerate(lines) if line)
    for y, number in order:
        lowest = max(y, lowest + _LABEL_HEIGHT)
        line = lines[number]
        if line:
            placed[number] = ChartLine(line.segments, line.dots, line.end, lowest)
    return placed
