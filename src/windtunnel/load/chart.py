"""Charts as SVG text. They take their colours from the page's style sheet, so that light and dark are its business."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from windtunnel.load.histogram import middle

Scale = Callable[[float], float]
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1080, 56, 64, 14, 26


@dataclass(frozen=True)
class Line:
    """Values, one a second; `style` is a class of the style sheet. None is a gap."""

    name: str
    style: str
    values: Sequence[float | None]
    area: bool = False
    stepped: bool = False


@dataclass(frozen=True)
class Frame:
    """What a time chart is drawn in."""

    height: int
    unit: str = ""
    warmup: float = 0.0
    """How many seconds at the left end are warm-up."""
    name: str = ""
    limit: float | None = None
    """A horizontal line: a target."""
    logarithmic: bool = False


@dataclass(frozen=True)
class Axis:
    """A vertical axis: which values it has, where each is (0 at the bottom to 1 at the top), and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value is; what is beyond the ends is at the end."""
        held = min(self.high, max(self.low, value))
        if self.logarithmic:
            return math.log(held / self.low) / math.log(self.high / self.low)
        return (held - self.low) / (self.high - self.low)


def linear_axis(highest: float) -> Axis:
    """From 0 to a round number."""
    top = nice_ceiling(highest)
    return Axis(0.0, top, (0.0, top / 2, top))


def logarithmic_axis(lowest: float, highest: float) -> Axis:
    """Between round numbers, with ticks at 1, 2 and 5, or only at 1 where that would be too many."""
    low = 10.0 ** math.floor(math.log10(max(lowest, 0.01)))
    low = max(step * low for step in (1, 2, 5) if step * low <= max(lowest, 0.01))
    high = max(nice_ceiling(highest), low * 2)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**power for power in decades for step in (1, 2, 5) if low <= step * 10.0**power <= high]
    if len(ticks) > 7:
        ticks = [tick for tick in ticks if math.log10(tick) % 1 < 1e-9 or math.log10(tick) % 1 > 1 - 1e-9]
    return Axis(low, high, tuple(ticks), logarithmic=True)


def nice_ceiling(value: float) -> float:
    """The least round number that is not below a value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.9999)


def short(value: float) -> str:
    """A number for an axis or a label: at most three digits that matter."""
    if value >= 10_000:
        return f"{value / 1000:,.0f}k"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def axis_for(lines: Sequence[Line], frame: Frame) -> Axis:
    """An axis that holds every value; the target too, where it is not far above."""
    values = [value for line in lines for value in line.values if value is not None]
    highest = max(values, default=0.0)
    if frame.limit is not None and frame.limit <= highest * 3:
        highest = max(highest, frame.limit * 1.02)
    if frame.logarithmic and values:
        return logarithmic_axis(min(values), highest)
    return linear_axis(highest)


def time_chart(lines: Sequence[Line], frame: Frame) -> str:
    """Lines over the run's seconds, each labelled at its end."""
    number = max((len(line.values) for line in lines), default=0)
    if number == 0:
        return ""
    axis = axis_for(lines, frame)
    inner_width, inner_height = WIDTH - LEFT - RIGHT, frame.height - TOP - BOTTOM

    def x(second: float) -> float:
        return LEFT + inner_width * (second / max(1, number - 1))

    def y(value: float) -> float:
        return TOP + inner_height * (1 - axis.share(value))

    parts = [_opened(number, frame), *_warmup(frame, x, number)]
    for tick in axis.ticks:
        at = y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick y" x="{LEFT - 8}" y="{at + 4:.1f}">{short(tick)}{escape(frame.unit)}</text>')
    parts += _seconds_axis(number, frame)
    if frame.limit is not None and axis.low <= frame.limit <= axis.high:
        at, right = y(frame.limit), WIDTH - RIGHT
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        named = f"target {short(frame.limit)}"
        parts.append(f'<text class="note limit-text" x="{right - 4}" y="{at - 4:.1f}">{named}</text>')
    parts += [_drawn(line, x, y) for line in lines]
    parts += _end_labels(lines, y, WIDTH - RIGHT + 6)
    parts.append(f'<line class="crosshair" y1="{TOP}" y2="{TOP + inner_height}" x1="0" x2="0"/></svg>')
    return "".join(parts)


def _opened(number: int, frame: Frame) -> str:
    return (
        f'<svg class="chart time" viewBox="0 0 {WIDTH} {frame.height}" role="img" aria-label="{escape(frame.name)}" '
        f'data-seconds="{number}" data-left="{LEFT}" data-right="{RIGHT}">'
    )


def _warmup(frame: Frame, x: Scale, number: int) -> list[str]:
    if frame.warmup <= 0:
        return []
    width, height = x(min(frame.warmup, number - 1)) - LEFT, frame.height - TOP - BOTTOM
    parts = [f'<rect class="warmup" x="{LEFT}" y="{TOP}" width="{width:.1f}" height="{height}"/>']
    if width > 120:
        parts.append(f'<text class="note" x="{LEFT + 6}" y="{TOP + 12}">warm-up, left out</text>')
    return parts


def _seconds_axis(number: int, frame: Frame) -> list[str]:
    inner = WIDTH - LEFT - RIGHT
    return [
        f'<text class="tick x" x="{LEFT + inner * second / max(1, number - 1):.1f}" y="{frame.height - 8}">'
        f"{_clock(second)}</text>"
        for second in _time_ticks(number - 1)
    ]


def _drawn(line: Line, x: Scale, y: Scale) -> str:
    path, pen_up, first, last = [], True, -1.0, 0.0
    for second, value in enumerate(line.values):
        if value is None:
            pen_up = True
            continue
        if line.stepped and not pen_up:
            path.append(f"H{x(second):.1f}V{y(value):.1f}")
        else:
            path.append(f"{'M' if pen_up else 'L'}{x(second):.1f} {y(value):.1f}")
        pen_up, last = False, x(second)
        first = last if first < 0 else first
    text = "".join(path)
    area = ""
    if line.area and path:
        area = f'<path class="area {line.style}" d="{text}V{y(0):.1f}H{first:.1f}Z"/>'
    dot = ""
    if len(path) == 1:
        dot = f'<circle class="dot {line.style}" cx="{last:.1f}" cy="{path[0].split()[-1]}" r="3"/>'
    return f'{area}<path class="line {line.style}" d="{text}"/>{dot}'


def _end_labels(lines: Sequence[Line], y: Scale, left: float) -> list[str]:
    """Names at the lines' right ends, pushed apart so that none covers another."""
    ends = []
    for line in lines:
        value = next((value for value in reversed(line.values) if value is not None), None)
        if value is not None and line.name:
            ends.append((y(value), line))
    ends.sort(key=lambda end: end[0])
    places, before = [], -100.0
    for at, _line in ends:
        before = max(at, before + 13)
        places.append(before)
    found = []
    for place, (_at, line) in zip(places, ends, strict=True):
        found.append(f'<text class="end {line.style}" x="{left}" y="{place + 4:.1f}">{escape(line.name)}</text>')
    return found


def _time_ticks(last: int) -> list[int]:
    step = next((step for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600) if last / step <= 9), 7200)
    return list(range(0, last + 1, step))


def _clock(second: int) -> str:
    return f"{second} s" if second < 60 else f"{second // 60}:{second % 60:02d}"


def bars_chart(values: Mapping[int, float], number: int, frame: Frame, style: str) -> str:
    """Thin bars over the run's seconds: for what happens now and then."""
    axis = linear_axis(max(values.values(), default=0))
    inner_width, inner_height = WIDTH - LEFT - RIGHT, frame.height - TOP - BOTTOM
    bar = max(1.5, min(10.0, inner_width / max(1, number) - 2))
    parts = [_opened(number, frame)]
    for tick in (axis.low, axis.high):
        at = TOP + inner_height * (1 - axis.share(tick))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick y" x="{LEFT - 8}" y="{at + 4:.1f}">{short(tick)}</text>')
    for second, value in sorted(values.items()):
        if not 0 <= second < number or value <= 0:
            continue
        at = LEFT + inner_width * (second / max(1, number - 1)) - bar / 2
        height = max(2.0, inner_height * axis.share(value))
        parts.append(
            f'<rect class="bar {style}" x="{at:.1f}" y="{TOP + inner_height - height:.1f}" width="{bar:.1f}" '
            f'height="{height:.1f}" rx="1"><title>{_clock(second)}: {short(value)}</title></rect>'
        )
    parts += _seconds_axis(number, frame)
    parts.append(f'<line class="crosshair" y1="{TOP}" y2="{TOP + inner_height}" x1="0" x2="0"/></svg>')
    return "".join(parts)


HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, COLUMNS = 340, 92, 56


def histogram_chart(buckets: Mapping[int, int], bounds: tuple[float, float], marks: Mapping[str, float]) -> str:
    """A histogram over a logarithmic axis between two times, the same for all that are side by side."""
    low, high = math.log(bounds[0]), math.log(max(bounds[1], bounds[0] * 1.01))
    columns = [0] * COLUMNS
    for bucket, count in buckets.items():
        column = int((math.log(middle(bucket)) - low) / (high - low) * COLUMNS)
        columns[min(COLUMNS - 1, max(0, column))] += count
    most = max(columns) or 1
    floor, width = HISTOGRAM_HEIGHT - 20, HISTOGRAM_WIDTH / COLUMNS

    def x(milliseconds: float) -> float:
        share = (math.log(max(milliseconds, bounds[0])) - low) / (high - low)
        return HISTOGRAM_WIDTH * min(1.0, max(0.0, share))

    parts = [f'<svg class="chart histogram" viewBox="0 0 {HISTOGRAM_WIDTH} {HISTOGRAM_HEIGHT}" role="img">']
    for column, count in enumerate(columns):
        if count:
            height = max(1.5, (floor - 4) * count / most)
            parts.append(
                f'<rect class="bar rate" x="{column * width:.1f}" y="{floor - height:.1f}" width="{width - 1:.1f}" '
                f'height="{height:.1f}"><title>{count:,} answers</title></rect>'
            )
    parts.append(f'<line class="grid" x1="0" x2="{HISTOGRAM_WIDTH}" y1="{floor}" y2="{floor}"/>')
    for name, value in marks.items():
        at = x(value)
        parts.append(f'<line class="mark {name}" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{floor}"/>')
    decade = 10.0 ** math.ceil(math.log10(bounds[0]))
    while decade <= bounds[1]:
        at = x(decade)
        parts.append(f'<text class="tick x" x="{at:.1f}" y="{HISTOGRAM_HEIGHT - 6}">{_duration(decade)}</text>')
        decade *= 10
    return "".join([*parts, "</svg>"])


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"
