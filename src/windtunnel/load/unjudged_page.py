"""Two reports' figures without time series, as lines for a terminal and as a section of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from windtunnel.load.sections import figure, section, table
from windtunnel.load.unjudged import TELLING, Unjudged

WHOLE = "the whole run"


def lines(found: Sequence[Unjudged]) -> Iterator[tuple[str, str]]:
    """The figures without time series: those that changed."""
    telling = [other for other in found if other.telling]
    few = "none" if not telling else f"{len(telling)}"
    yield f"Other figures, not judged: {few} of {len(found)} changed by more than {TELLING:.0%}.", "bold"
    width = max((len(other.of or WHOLE) for other in telling), default=0)
    of = None
    for other in telling:
        name = (other.of or WHOLE) if other.of != of else ""
        of = other.of
        text = f"{name:<{width}}  {other.title:<34}{written(other, other.before):>10} -> "
        yield f"{text}{written(other, other.after):<10}{change_text(other):>9}", ""


def written(other: Unjudged, amount: float | None) -> str:
    """A figure without a time series as a person reads it."""
    if amount is None:
        return "–"
    if other.kind == "ms":
        return f"{figure(amount)} ms"
    if other.kind == "share":
        return f"{amount:.0%}"
    return f"${amount:,.2f}" if other.kind == "$" else f"{amount:,.0f} MB" if other.kind == "MB" else f"{amount:,.10g}"


def change_text(other: Unjudged) -> str:
    """By how much such a figure changed."""
    if other.before is None or other.after is None:
        return f"{'B' if other.before is None else 'A'} only"
    if other.before == other.after:
        return "as before"
    return f"{other.share:+.1%}" if other.share is not None else "new"


def render(found: Sequence[Unjudged]) -> str:
    """A row a figure without a time series."""
    rows, of = [], None
    for other in found:
        change = f'<span class="{"" if other.telling else "faint"}">{change_text(other)}</span>'
        values = (written(other, other.before), written(other, other.after), change)
        rows.append([escape(other.of or WHOLE) if other.of != of else "", escape(other.title), *values])
        of = other.of
    why = "One number a run each, so that nobody can tell a change of theirs from noise: not judged."
    return section("Other figures", why, table(("", "", "A", "B", "change"), rows, numbers=2)) if rows else ""
