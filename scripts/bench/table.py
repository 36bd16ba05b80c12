"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from bench.case import Case
from bench.figures import OURS, Row, best_peer, times

HEAD = (
    "case",
    "connections",
    "system",
    "req/s",
    "of rounds",
    "p50 ms",
    "p99 ms",
    "errors",
    "memory MB",
    "windtunnel is",
)


def table(cases: Sequence[Case], rows: Sequence[Row]) -> str:
    """One line a case and system, in the order they were measured, with windtunnel's ratio to each."""
    lines = [_line(HEAD), _line(["---", "---:", "---", *["---:"] * (len(HEAD) - 3)])]
    for case in cases:
        of_case = [row for row in rows if row.case == case.name]
        ours = next((row for row in of_case if row.system == OURS), None)
        best = best_peer(of_case)
        lines += [_line(_cells(row, ours, best)) for row in of_case]
    return "\n".join(lines)


def ratios(cases: Sequence[Case], rows: Sequence[Row]) -> str:
    """One sentence a case: windtunnel beside the best peer."""
    lines = []
    for case in cases:
        of_case = [row for row in rows if row.case == case.name]
        ours = next((row for row in of_case if row.system == OURS), None)
        best = best_peer(of_case)
        ratio = times(ours, best)
        if ratio is None or best is None:
            said = "no ratio: " + ("windtunnel has no figures" if best else "no peer has figures")
        else:
            said = f"**{_times(ratio)}** the best peer, {best.system}"
        lines.append(f"- {case.name}, {case.title}: {said}")
    return "\n".join(lines)


def failures(rows: Sequence[Row]) -> str:
    """One line for every system that has no figures for a case, with its reason; "" where all have."""
    said = {(row.system, row.failed): None for row in rows if row.failed}
    return "\n".join(f"- {system} **failed**: {reason}" for system, reason in said)


def _cells(row: Row, ours: Row | None, best: Row | None) -> list[str]:
    head = [row.case, str(row.connections), row.system]
    if row.failed:
        return [*head, "failed", *[""] * (len(HEAD) - 4)]
    ratio = None if row.system == OURS else times(ours, row)
    compared = _times(ratio) if ratio else ""
    return [
        *head,
        _number(row.rps),
        f"{_number(row.lowest)} to {_number(row.highest)}",
        _milliseconds(row.p50_ms),
        _milliseconds(row.p99_ms),
        f"**{row.errors}**" if row.errors else "0",
        _number(row.rss_mb),
        f"**{compared}**" if compared and row is best else compared,
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}".replace(",", " ")


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f} ×" if ratio < 100 else f"{ratio:.0f} ×"
