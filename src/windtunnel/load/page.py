"""The report as one page that needs nothing else: no network, no other file. Drawn from the document alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from windtunnel.load import sections
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
        sections.cost(document),
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
        f"measured {measured['seconds']} s; the first {plan['warmup']:g} s, warm-up, are left out",
        f"{document['totals']['workers']} load generator{'s' if document['totals']['workers'] != 1 else ''}",
    ]
    if document["interrupted"]:
        meta.append("ended early with Ctrl-C")
    return (
        f'<section class="story {style}"><div class="badge">{word}</div><h1>{escape(document["summary"])}</h1>'
        f'<p class="meta">{escape(" · ".join(part for part in meta if part))}</p>'
        + (f'<ul class="missed-list">{listed}</ul>' if listed else "")
        + "</section>"
    )


def tiles(document: Document) -> str:
    """The key figures."""
    everything, cost, overhead = document["endpoints"][0], document["cost"], document["overhead"]
    starts = sum(count for _second, count in document["functions"]["cold_starts"])
    totals = document["totals"]
    bad = {target["metric"] for target in document["verdict"]["targets"] if not target["met"]}
    emulator = ("–", "not measured")
    if overhead:
        named = [row for row in overhead["rows"] if row["total"]]
        share = sum(row["gateway"] + row["handing"] for row in named) / max(1e-9, sum(row["total"] for row in named))
        emulator = (f"{share:.0%}", f"a no-op: {figure(overhead['emulator'])} ms")
    shown = [
        (
            f"{everything['rate']:,.1f}<small> /s</small>",
            "answers as expected",
            f"{everything['good']:,} measured",
            "throughput",
        ),
        (
            f"{figure(everything['p95'])}<small> ms</small>",
            "p95",
            f"p50 {figure(everything['p50'])} · p99 {figure(everything['p99'])} ms",
            "p95_ms",
        ),
        (
            f"{everything['error_share']:.2%}",
            "errors",
            f"{everything['errors']:,} of {everything['requests']:,}",
            "error_share",
        ),
        (
            f"{everything['throttled_share']:.2%}",
            "throttled (429)",
            f"{starts} cold starts in the run",
            "throttled_share",
        ),
        (emulator[0], "API Gateway's and Lambda's own share of the time", emulator[1], ""),
        (
            f"${cost['month_total']:,.2f}",
            "a month at this rate on AWS",
            f"${cost['month_total_free_tier']:,.2f} with the free tier",
            "",
        ),
    ]
    if not totals["sent"]:
        shown = shown[:4]
    cells = "".join(
        f'<div class="tile{" bad" if metric and metric in bad else ""}"><b>{value}</b><span>{escape(name)}</span><em>{escape(note)}</em></div>'
        for value, name, note, metric in shown
    )
    return f'<div class="tiles">{cells}</div>'
