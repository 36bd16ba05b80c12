"""The report as one page that needs nothing else: no network, no other file. Drawn from the document alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from windtunnel.load import money, sections
from windtunnel.load.sections import figure

HERE = Path(__file__).parent
Document = Mapping[str, Any]


def render(document: Document) -> str:
    """The whole page."""
    parts = [
        story(document),
        tiles(document),
        sections.over_time(document),
        sections.targets(document),
        sections.where_time_goes(document),
        sections.endpoints(document),
        sections.errors(document),
        sections.functions(document),
        sections.capacity(document),
        money.cost(document),
        sections.method(document),
    ]
    plan = document["plan"]
    title = f"{'met' if document['verdict']['met'] else 'MISSED'}: {plan['scenario']}, {document['run']}"
    return shell(title, "\n".join(part for part in parts if part), document["series"])


def shell(title: str, body: str, series: object) -> str:
    """An HTML document around a body."""
    data = json.dumps(series, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{(HERE / 'page.css').read_text(encoding='utf-8')}</style></head>\n"
        f'<body><main>\n{body}\n</main>\n<script type="application/json" id="series">{data}</script>\n'
        f"<script>\n{(HERE / 'page.js').read_text(encoding='utf-8')}</script></body></html>\n"
    )


def story(document: Document) -> str:
    """The verdict, the run in a sentence, and what was missed."""
    verdict, plan, measured = document["verdict"], document["plan"], document["measured"]
    word, style = ("MET", "met") if verdict["met"] else ("FAILED" if verdict["reason"] else "MISSED", "")
    if verdict["met"] and not verdict["targets"]:
        word = "NO TARGETS"
    missed = [target["text"] for target in verdict["targets"] if not target["met"]]
    listed = "".join(f"<li>{escape(text)}</li>" for text in missed[:6])
    if len(missed) > 6:
        listed += f"<li>and {len(missed) - 6} more, below</li>"
    when = datetime.fromtimestamp(document["began"], UTC).strftime("%Y-%m-%d %H:%M UTC") if document["began"] else ""
    meta = [
        when,
        document["engine"],
        f"measured {measured['seconds']} s, "
        + ("the best step" if document["steps"] else f"without the first {plan['warmup']:g} s of warm-up"),
        f"{document['totals']['workers']} load generator{'s' if document['totals']['workers'] != 1 else ''}",
    ]
    if document["interrupted"]:
        meta.append("ended early with Ctrl-C")
    return (
        f'<section class="story {style}"><div class="badge">{word}</div><h1>{escape(document["summary"])}</h1>'
        f'<p class="meta">{escape(" · ".join(part for part in meta if part))}</p>'
        + (f'<p class="meta">{escape(limits(document))}</p>' if limits(document) else "")
        + "".join(
            f'<p class="meta"><span class=no>Caution:</span> {escape(text)}.</p>' for text in document["cautions"]
        )
        + (f'<ul class="missed-list">{listed}</ul>' if listed else "")
        + "</section>"
    )


def tiles(document: Document) -> str:
    """The key figures."""
    everything, cost = document["endpoints"][0], document["cost"]
    starts = sum(count for _second, count in document["functions"]["cold_starts"])
    times = f"p50 {figure(everything['p50'])} · p99 {figure(everything['p99'])} ms"
    share, parts = emulator_share(document)
    known = bool(document["functions"]["rows"])
    shown = [
        (f"{everything['rate']:,.1f}<small> /s</small>", "answers", f"{everything['good']:,} measured", "throughput"),
        (f"{figure(everything['p95'])}<small> ms</small>", "p95", times, "p95_ms"),
        (_share(everything, "errors"), "errors", f"of {everything['requests']:,} requests", "error_share"),
        (
            _share(everything, "throttled"),
            "throttled (429)",
            f"{starts} cold starts in the run" if known else "cold starts not known",
            "throttled_share",
        ),
    ]
    if share is not None:
        shown.append((f"{share:.0%}", "of the median is the emulator's", parts, ""))
    if cost["month_total"] and known:
        with_free = f"${cost['month_total_free_tier']:,.0f} with the free tier"
        shown.append((f"${cost['month_total']:,.0f}", "a month of this on AWS", with_free, ""))
    bad = {target["metric"] for target in document["verdict"]["targets"] if not target["met"]}
    cells = "".join(
        f'<div class="tile{" bad" if metric in bad else ""}"><b>{value}</b><span>{escape(name)}</span>'
        f"<em>{escape(note)}</em></div>"
        for value, name, note, metric in shown
    )
    return f'<div class="tiles">{cells}</div>'


def _share(row: Document, name: str) -> str:
    share = row[name] / row["requests"] if row["requests"] else 0.0
    return "0 %" if not row[name] else f"{share:.2%}" if share < 0.1 else f"{share:.0%}"


def emulator_share(document: Document) -> tuple[float | None, str]:
    """How much of the medians, weighted by requests, is a local engine's own, and its parts; None on AWS."""
    overhead = document["overhead"]
    if not overhead or overhead["table"] is None:
        return None, ""
    weights = {row["endpoint"]: row["good"] for row in document["endpoints"]}
    parts = {
        part: sum(row[part] * weights[row["endpoint"]] for row in overhead["rows"])
        for part in ("gateway", "handing", "table", "total")
    }
    if not parts["total"]:
        return None, ""
    requests = sum(weights[row["endpoint"]] for row in overhead["rows"])
    mean = {part: figure(amount / requests) for part, amount in parts.items()}
    text = f"gateway {mean['gateway']}, Lambda {mean['handing']}, DynamoDB {mean['table']} ms"
    return (parts["gateway"] + parts["handing"] + parts["table"]) / parts["total"], text


MACHINE_FULL, GENERATOR_FULL = 90.0, 85.0


def limits(document: Document) -> str:
    """What the run was limited by, so that nobody takes the machine's limit for the application's."""
    first, end = document["measured"]["first"], document["measured"]["end"]
    busy = [percent for moment, percent in document["busy"] if first <= moment < end]
    mean = sum(busy) / len(busy) if busy else 0.0
    full = [cpu for cpu in document["generators"].values() if cpu > GENERATOR_FULL]
    if full:
        return f"A load generator was at {max(full):.0f} % of a core: it measures itself. Use more WORKERS."
    if mean > MACHINE_FULL:
        return (
            f"The machine was {mean:.0f} % busy with all that runs on it, engine and load generator too: "
            "this is its limit, not the application's."
        )
    return f"The machine was {mean:.0f} % busy: it did not limit the run." if busy else ""
