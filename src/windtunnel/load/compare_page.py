"""Two runs compared, as lines for a terminal and as a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from windtunnel.load import unjudged_page
from windtunnel.load.chart import Frame, Line, time_chart
from windtunnel.load.compare import (
    LEAST_BEYOND,
    LEAST_SECONDS,
    LESS,
    MORE,
    NOISE,
    RESOLUTION,
    SHORT,
    WRONG,
    Change,
    compare,
)
from windtunnel.load.figures import ALL
from windtunnel.load.page import shell
from windtunnel.load.sections import figure, section, table
from windtunnel.load.stored import Stored
from windtunnel.load.unjudged import unjudged

TITLES = {"rate": "answers/s", "p50": "p50 ms", "p95": "p95 ms", "p99": "p99 ms", "errors": "errors", "429s": "429s"}
EXPLAINED = (
    "Better or worse is a change that is more than noise: the seconds of both runs, in blocks of five or more, were "
    f"dealt anew to two runs some thousand times, and in {1 - WRONG:.0%} of these deals no figure changed as "
    f"much. Changes below {math.expm1(RESOLUTION):.0%} are within what the histogram blurs, and a percentile is judged "
    f"where both runs have {LEAST_BEYOND} answers beyond it. This is noise within a run: what differs between runs on "
    "a busy machine shows only in a second pair."
)
MOST_NAMED = 3
MANY = 10.0
"""So much more, as a share, is said as a factor."""


def changes(before: Stored, after: Stored) -> list[Change]:
    """Each figure's change."""
    return compare(before.run, after.run)


def value(metric: str, amount: float | None) -> str:
    """A figure as a person reads it."""
    if amount is None:
        return "none"
    if metric in ("errors", "429s"):
        return f"{amount:.2%}"
    return f"{amount:,.1f}" if metric == "rate" else figure(amount)


def change_text(change: Change) -> str:
    """By how much a figure changed."""
    if change.before is None or change.after is None:
        return "–"
    if change.share is None:
        return "as before" if change.after == change.before else "new"
    return f"{change.share:+.1%}" if change.share < MANY else f"x {change.share + 1:,.0f}"


def judgement(change: Change) -> str:
    """What the change is, in words."""
    if change.judged not in (MORE, LESS):
        return change.judged
    return "better" if change.better else "worse"


def spread(change: Change) -> str:
    """Between what the change is likely to be; "" where nothing was judged."""
    if change.share is None or change.share >= MANY or change.judged not in (MORE, LESS, NOISE):
        return ""
    return f"{change.low:+.0%} to {change.high:+.0%}"


def headline(found: Sequence[Change]) -> str:
    """The comparison in a sentence or two."""
    silent = [text for text in (_silent(change) for change in found if change.metric == "p50") if text]
    if any(_silent(change) for change in found if change.endpoint == ALL):
        silent = silent[:1]
    if any(change.judged == SHORT for change in found):
        short = f"A run is too short to tell a change from noise: {LEAST_SECONDS} measured seconds are the least."
        return " ".join([*silent, short])
    told = [
        f"{TITLES[c.metric].removesuffix(' ms')} {_told(c)} ({judgement(c)})"
        for c in found
        if c.endpoint == ALL and c.better is not None
    ]
    said = [*silent, f"Over all endpoints: {'; '.join(told) if told else 'no figure changed by more than noise'}."]
    single = list(dict.fromkeys(c.endpoint for c in found if c.endpoint != ALL and c.better is not None))
    if single:
        more = f" and {len(single) - MOST_NAMED} more" if len(single) > MOST_NAMED else ""
        said.append(f"By more than noise changed: {', '.join(single[:MOST_NAMED])}{more}.")
    return " ".join(said)


def _told(change: Change) -> str:
    if change.share is not None and change.metric not in ("errors", "429s"):
        return change_text(change)
    return f"{value(change.metric, change.before)} to {value(change.metric, change.after)}"


def _silent(change: Change) -> str:
    """What to say of an endpoint that has no times in a run; "" for others."""
    runs = [run for run, at in (("A", change.before), ("B", change.after)) if at is None]
    if not runs:
        return ""
    if change.endpoint == ALL:
        return f"In {' and '.join(runs)} no endpoint has an answer as expected."
    said = f"In {' and '.join(runs)} {change.endpoint} has no answer as expected"
    return f"{said}: times over all endpoints are without it."


def lines(before: Stored, after: Stored, found: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Lines with their styles, for a terminal."""
    yield f"A  {before.document['run']}: {before.document['summary']}", ""
    yield f"B  {after.document['run']}: {after.document['summary']}", ""
    for text in _unlike(before, after):
        yield f"caution {text}", "yellow"
    width = max((len(change.endpoint) for change in found), default=8)
    endpoint = ""
    for change in found:
        if change.endpoint != ALL and change.judged not in (MORE, LESS) and change.metric not in ("rate", "p95"):
            continue
        name = change.endpoint if change.endpoint != endpoint else ""
        endpoint = change.endpoint
        style = "" if change.better is None else "green" if change.better else "red"
        text = f"{name:<{width}}  {TITLES[change.metric]:<10}{value(change.metric, change.before):>10} -> "
        text += f"{value(change.metric, change.after):<10}{change_text(change):>9}  {judgement(change)}"
        yield text + (f"  [{spread(change)}]" if spread(change) else ""), style
    yield headline(found), "bold"
    yield EXPLAINED, "dim"
    yield from unjudged_page.lines(unjudged(before.document, after.document))


def _unlike(before: Stored, after: Stored) -> list[str]:
    """What makes the two hard to compare."""
    found = []
    for key in ("scenario", "shape", "users", "seconds", "workers"):
        one, other = before.document["plan"].get(key), after.document["plan"].get(key)
        if one != other:
            found.append(f"{key} was {one} and is {other}")
    for key in ("engine", "machine"):
        if before.document[key] != after.document[key]:
            found.append(f"another {key}: {before.document[key]}; {after.document[key]}")
    ours, theirs = ([row["endpoint"] for row in stored.document["endpoints"]] for stored in (before, after))
    for run, names, others in (("A", ours, theirs), ("B", theirs, ours)):
        only = [name for name in names if name not in others]
        if only:
            found.append(f"in {run} only, part of {ALL!r} and of no row: {', '.join(only)}")
    return found


def render(before: Stored, after: Stored, found: Sequence[Change]) -> str:
    """A page with both."""
    worse = any(
        (change.endpoint == ALL and change.better is False) or (change.before is not None and change.after is None)
        for change in found
    )
    unlike = "".join(f'<p class="meta no">{escape(text)}</p>' for text in _unlike(before, after))
    story = (
        f'<section class="story {"" if worse else "met"}"><div class="badge">A → B</div>'
        f"<h1>{escape(headline(found))}</h1>"
        f'<p class="meta">A: {escape(before.document["run"])}, {escape(before.document["summary"])}</p>'
        f'<p class="meta">B: {escape(after.document["run"])}, {escape(after.document["summary"])}</p>{unlike}</section>'
    )
    charts = []
    for metric, title in (("rate", "Answers a second"), ("p50", "p50"), ("p95", "p95"), ("p99", "p99")):
        both = [
            Line("A", "before", _over_time(before, metric)),
            Line("B", "rate", _over_time(after, metric)),
        ]
        times = metric != "rate"
        frame = Frame(160, " ms" if times else "", after.document["plan"]["warmup"], title, logarithmic=times)
        charts += [f"<h3>{title}</h3>", time_chart(both, frame)]
    figures = section("Figures, A → B", escape(EXPLAINED), _matrix(found))
    over_time = section("Over time: A is grey, B is blue", "", *charts)
    body = [story, figures, over_time, unjudged_page.render(unjudged(before.document, after.document))]
    return shell(f"{before.document['run']} and {after.document['run']}", "\n".join(body), after.document["series"])


def _over_time(stored: Stored, metric: str) -> list[float | None]:
    """A figure second by second. Without answers there is no time, but a rate: it is 0."""
    return [row[metric] if metric == "rate" else row[metric] or None for row in stored.document["series"]]


def _matrix(found: Sequence[Change]) -> str:
    """A row an endpoint, a column a figure; columns of errors only where there are any."""
    shown = [metric for metric in TITLES if any(c.metric == metric and (c.before or c.after) for c in found)]
    by_place = {(change.endpoint, change.metric): change for change in found}
    endpoints = list(dict.fromkeys(change.endpoint for change in found))
    rows = [[escape(name), *(_cell(by_place[name, metric]) for metric in shown)] for name in endpoints]
    return table(("endpoint", *(TITLES[metric] for metric in shown)), rows, classes=["sum"])


def _cell(change: Change) -> str:
    style = "faint" if change.better is None else "ok" if change.better else "no"
    likely = f"likely between {spread(change).replace(' to ', ' and ')}: {judgement(change)}" if spread(change) else ""
    both = f"{value(change.metric, change.before)} → {value(change.metric, change.after)}"
    return (
        f'<span class="{style}" title="{likely}">{change_text(change)} {judgement(change)}</span>'
        f'<small class="both">{both}</small>'
    )
