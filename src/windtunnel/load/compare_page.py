"""Two runs compared, as lines for a terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from windtunnel.load.chart import Frame, Line, time_chart
from windtunnel.load.compare import ALL, LESS, MORE, SHORT, Change, compare
from windtunnel.load.page import shell
from windtunnel.load.sections import figure, section, table
from windtunnel.load.stored import Stored

TITLES = {"rate": "answers/s", "p50": "p50 ms", "p95": "p95 ms", "p99": "p99 ms", "errors": "errors", "429s": "429s"}
EXPLAINED = (
    "More than noise: of 400 pairs of runs put together anew from blocks of five seconds of these (block bootstrap), "
    "the middle 98 % changed in the same direction, and the change is larger than 2 %. That is noise within a run: "
    "what differs between runs on a busy machine shows only in a second pair."
)


def changes(before: Stored, after: Stored) -> list[Change]:
    """Each figure's change."""
    return compare(before.run, after.run)


def value(metric: str, amount: float) -> str:
    """A figure as a person reads it."""
    if metric in ("errors", "429s"):
        return f"{amount:.2%}"
    return f"{amount:,.1f}" if metric == "rate" else figure(amount)


def change_text(change: Change) -> str:
    """The change, with the range it lies in."""
    if change.share is None:
        return "as before" if change.after == change.before else "new"
    return f"{change.share:+.1%}"


def judgement(change: Change) -> str:
    """What the change is, in words."""
    if change.judged == SHORT:
        return SHORT
    if change.judged not in (MORE, LESS):
        return "noise"
    return "better" if change.better else "worse"


def headline(found: Sequence[Change]) -> str:
    """The comparison in a sentence."""
    everything = [change for change in found if change.endpoint == ALL]
    if any(change.judged == SHORT for change in everything):
        return "A run is too short to tell a change from noise: 20 measured seconds are the least."
    told = [
        f"{TITLES[c.metric].removesuffix(' ms')} {change_text(c)} ({judgement(c)})"
        for c in everything
        if c.better is not None
    ]
    return "Over all endpoints: " + ("; ".join(told) if told else "no figure changed by more than noise") + "."


def lines(before: Stored, after: Stored, found: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Lines with their styles, for a terminal."""
    yield f"before  {before.document['run']}: {before.document['summary']}", ""
    yield f"after   {after.document['run']}: {after.document['summary']}", ""
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
        text += f"{value(change.metric, change.after):<10}{change_text(change):>8}  {judgement(change)}"
        if change.share is not None and change.judged != SHORT:
            text += f"  [{change.low:+.0%} to {change.high:+.0%}]"
        yield text, style
    yield headline(found), "bold"
    yield EXPLAINED, "dim"


def _unlike(before: Stored, after: Stored) -> list[str]:
    """What makes the two hard to compare."""
    found = []
    for key in ("scenario", "shape", "users", "workers"):
        one, other = before.document["plan"][key], after.document["plan"][key]
        if one != other:
            found.append(f"{key} was {one} and is {other}")
    for key in ("engine", "machine"):
        if before.document[key] != after.document[key]:
            found.append(f"another {key}: {before.document[key]}; {after.document[key]}")
    return found


def render(before: Stored, after: Stored, found: Sequence[Change]) -> str:
    """A page with both."""
    worse = any(change.endpoint == ALL and change.better is False for change in found)
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
            Line("A", "before", [row[metric] or None for row in before.document["series"]]),
            Line("B", "rate", [row[metric] or None for row in after.document["series"]]),
        ]
        times = metric != "rate"
        frame = Frame(160, " ms" if times else "", after.document["plan"]["warmup"], title, logarithmic=times)
        charts += [f"<h3>{title}</h3>", time_chart(both, frame)]
    figures = section("Figures, A → B", escape(EXPLAINED), _matrix(found))
    body = [story, figures, section("Over time: A is grey, B is blue", "", *charts)]
    return shell(f"{before.document['run']} and {after.document['run']}", "\n".join(body), after.document["series"])


def _matrix(found: Sequence[Change]) -> str:
    """A row an endpoint, a column a figure; columns of errors only where there are any."""
    shown = [metric for metric in TITLES if any(c.metric == metric and (c.before or c.after) for c in found)]
    by_place = {(change.endpoint, change.metric): change for change in found}
    endpoints = list(dict.fromkeys(change.endpoint for change in found))
    rows = [[escape(name), *(_cell(by_place[name, metric]) for metric in shown)] for name in endpoints]
    return table(("endpoint", *(TITLES[metric] for metric in shown)), rows, classes=["sum"])


def _cell(change: Change) -> str:
    style = "faint" if change.better is None else "ok" if change.better else "no"
    spread = ""
    if change.share is not None and change.judged != SHORT:
        spread = f"likely between {change.low:+.0%} and {change.high:+.0%}: {judgement(change)}"
    both = f"{value(change.metric, change.before)} → {value(change.metric, change.after)}"
    word = judgement(change) if change.better is not None else change.judged
    return (
        f'<span class="{style}" title="{spread}">{change_text(change)} {word}</span><small class="both">{both}</small>'
    )
