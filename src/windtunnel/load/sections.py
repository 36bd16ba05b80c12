"""The report's sections, each from the document to HTML; "" where there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from windtunnel.load.chart import Frame, Line, bars_chart, histogram_chart, time_chart
from windtunnel.load.histogram import percentile
from windtunnel.load.targets import METRICS
from windtunnel.load.verdict import written

Document = Mapping[str, Any]


def figure(value: float) -> str:
    """A time in milliseconds with the digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 1, classes: Sequence[str] = ()) -> str:
    """A table of cells that are HTML already; columns from `numbers` on are numbers. `classes` are the rows'."""

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if column >= numbers else ''}>{cell}</{tag}>" for column, cell in enumerate(row)
        )

    body = []
    for number, row in enumerate(rows):
        style = classes[number] if number < len(classes) else ""
        body.append(f"<tr{f' class={style}' if style else ''}>{cells(row, 'td')}</tr>")
    head = cells([escape(name) for name in heads], "th")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def section(title: str, why: str, *parts: str) -> str:
    """A section with its heading and a sentence that says what it is."""
    said = f'<p class="why">{why}</p>' if why else ""
    return f"<section><h2>{escape(title)}</h2>{said}{''.join(parts)}</section>"


def left_out(document: Document) -> float:
    """The seconds at the beginning that are not measured, which charts shade."""
    return float(document["plan"]["warmup"] if document["steps"] else document["measured"]["first"])


def over_time(document: Document) -> str:
    """Throughput, latency and errors, second by second."""
    series = document["series"]
    if not series:
        return ""
    warmup = left_out(document)
    limits = {t["metric"]: t["limit"] for t in document["verdict"]["targets"] if t["endpoint"] == "all"}
    rates = [Line("answers/s", "rate", [row["rate"] for row in series], area=True)]
    times = [Line(name, name, [row[name] or None for row in series]) for name in ("p99", "p95", "p50")]
    parts = [
        "<h3>Answers a second</h3>",
        time_chart(rates, Frame(190, "", warmup, "answers a second over time", limits.get("throughput"))),
        "<h3>Latency (logarithmic)</h3>",
        time_chart(times, Frame(230, " ms", warmup, "latency over time", limits.get("p95_ms"), logarithmic=True)),
    ]
    users = [float(row["users"]) for row in series]
    if document["plan"]["shape"] not in ("steady", "soak"):
        line = Line("users", "users", users, stepped=True)
        parts += ["<h3>Users</h3>", time_chart([line], Frame(110, "", warmup, "users over time"))]
    wrong = {row["offset"]: row["errors"] + row["throttled"] for row in series if row["errors"] or row["throttled"]}
    if wrong:
        chart = bars_chart(wrong, len(series), Frame(110, name="errors over time"), "errors")
        parts += ["<h3>Errors and 429s a second</h3>", chart]
    busy = _busy(document, len(series))
    if busy:
        chart = time_chart([Line("busy", "busy", busy, area=True)], Frame(110, " %", name="how busy the machine was"))
        parts += ["<h3>How busy the whole machine was, engine and load generator together</h3>", chart]
    return section("Over time", "", *parts, _steps(document))


def _steps(document: Document) -> str:
    """The stairs' steps, each with what broke it."""
    if not document["steps"]:
        return ""
    best = max((step["rate"] for step in document["steps"] if step["met"]), default=0.0)
    rows = [
        [
            f"{step['users']} users" + (" (measured)" if step["end"] and step["met"] and step["rate"] == best else ""),
            f"{step['rate']:,.0f}/s",
            "<span class=ok>held</span>" if step["met"] else "<span class=no>broke</span>",
            escape(step["note"]),
        ]
        for step in document["steps"]
    ]
    return "<h3>Steps</h3>" + table(("step", "answers", "targets", "why"), rows, numbers=9)


def _busy(document: Document, number: int) -> list[float | None]:
    """The machine's busy share, once a second."""
    found: list[float | None] = [None] * number
    for moment, percent in document["busy"]:
        if 0 <= int(moment) < number:
            found[int(moment)] = percent
    return found if any(value is not None for value in found) else []


def targets(document: Document) -> str:
    """Each target, met or missed, with how much of it was used."""
    rows = []
    for target in sorted(document["verdict"]["targets"], key=lambda target: target["met"]):
        mark = "<span class=ok>✓ met</span>" if target["met"] else "<span class=no>✗ missed</span>"
        sign = "≤" if METRICS[target["metric"]].ceiling else "≥"
        rows.append(
            [
                escape(target["endpoint"]),
                escape(target["title"]),
                mark,
                _track(target),
                escape(written(target["metric"], target["actual"])),
                f"{sign} {escape(written(target['metric'], target['limit']))}",
                escape(target["distance"]),
            ]
        )
    if not rows:
        return section("Targets", "tests/load/slo.toml sets none for this scenario.")
    heads = ("endpoint", "what", "", "used", "measured", "target", "")
    return section(
        "Targets",
        "From tests/load/slo.toml; the exit code of the run is 0 only if all are met.",
        table(heads, rows, numbers=4),
    )


def _track(target: Mapping[str, Any]) -> str:
    """How much of a ceiling is used, or of a floor is reached; the black line is the target."""
    actual, limit = target["actual"], target["limit"]
    if actual is None:
        return ""
    whole = max(actual, limit) * (1.0 if actual > limit else 1.25) or 1.0
    style = "" if target["met"] else " no"
    inside = f'<i style="width:{actual / whole:.1%}"></i><u style="left:calc({limit / whole:.1%} - 2px)"></u>'
    return f'<div class="track{style}" style="min-width:150px">{inside}</div>'


PARTS = (
    ("gateway", "API Gateway and the way there (a MOCK route)"),
    ("handing", "Lambda: waiting for an environment, handing event and answer over"),
    ("table", "DynamoDB (a bare GetItem for each call)"),
    ("rest", "the application: handler, libraries, runtime"),
)


def where_time_goes(document: Document) -> str:
    """Each endpoint's median, split into the emulator's parts and the application's."""
    overhead = document["overhead"]
    if not overhead or not overhead["rows"]:
        return ""
    longest = max(row["total"] for row in overhead["rows"]) or 1.0
    rows = []
    for row in sorted(overhead["rows"], key=lambda row: -row["total"]):
        bars = "".join(
            f'<i class="{part}" style="width:{row[part] / longest:.2%}" title="{escape(title)}: '
            f'{figure(row[part])} ms"></i>'
            for part, title in PARTS
            if row[part] > 0
        )
        own = row["gateway"] + row["handing"] + row["table"]
        rows.append(
            [
                escape(row["endpoint"]),
                f'<div class="stack" style="min-width:300px">{bars}</div>',
                f"{figure(row['total'])} ms",
                *(figure(row[part]) for part, _title in PARTS),
                f"{own / row['total']:.0%}" if row["total"] else "",
            ]
        )
    key = "".join(f'<span><i class="{part}"></i>{escape(title)}</span>' for part, title in PARTS)
    local = overhead["table"] is not None
    why = (
        "The median of each endpoint, split by what was measured beside it in the same run: a route that API Gateway "
        "answers by itself (the preflight of <code>/users</code>), DynamoDBManager's <code>ping</code>, which does "
        "nothing, a GetItem without a function, and the functions' own durations from their REPORT lines. "
    )
    why += (
        "All but the application's part is the emulator's, and says nothing of AWS."
        if local
        else "On AWS these parts are AWS's own; DynamoDB's is in the application's."
    )
    heads = ("endpoint", "median", "", "gateway", "handing over", "DynamoDB", "application", "emulator's share")
    return section("Where the time goes", why, f'<div class="key">{key}</div>', table(heads, rows, numbers=2))


def endpoints(document: Document) -> str:
    """Figures and a histogram for each endpoint."""
    rows = []
    for row in [*document["endpoints"], *document["probes"]]:
        rows.append(
            [
                escape(row["endpoint"]),
                f"{row['requests']:,}",
                f"{row['rate']:,.1f}",
                *(figure(row[name]) if row["good"] else "–" for name in ("p50", "p95", "p99", "max")),
                f"{row['error_share']:.2%}",
                f"{row['throttled_share']:.2%}",
            ]
        )
    heads = ("endpoint", "requests", "good/s", "p50 ms", "p95", "p99", "max", "errors", "429s")
    shown = [row for row in document["endpoints"] if row["good"]]
    bounds = _bounds(document, [row["endpoint"] for row in shown])
    figures = []
    for row in shown:
        buckets = {int(bucket): count for bucket, count in document["histograms"].get(row["endpoint"], {}).items()}
        marks = {name: row[name] for name in ("p50", "p95", "p99")}
        figures.append(
            f"<figure><figcaption><b>{escape(row['endpoint'])}</b><span>p50 {figure(row['p50'])} · "
            f"p95 {figure(row['p95'])} · p99 {figure(row['p99'])} ms</span></figcaption>"
            f"{histogram_chart(buckets, bounds, marks)}</figure>"
        )
    why = (
        "Expected answers only. The axis of all histograms is the same and logarithmic; the lines are p50, p95 and p99."
    )
    return section(
        "Endpoints", why, table(heads, rows, classes=["sum"]), f'<div class="multiples">{"".join(figures)}</div>'
    )


def _bounds(document: Document, names: Iterable[str]) -> tuple[float, float]:
    """An axis that has all but the thousandth slowest and fastest of every endpoint."""
    lows, highs = [], []
    for name in names:
        buckets = {int(bucket): count for bucket, count in document["histograms"].get(name, {}).items()}
        lows.append(percentile(buckets, 0.001))
        highs.append(percentile(buckets, 0.999))
    return (min(lows, default=1.0) * 0.9, max(highs, default=10.0) * 1.1)


def errors(document: Document) -> str:
    """What went wrong, by kind, with an example of each."""
    if not document["errors"]:
        return section("Errors", "None, in the warm-up neither.")
    rows = []
    for error in document["errors"]:
        example = f"<pre>{escape(error['example'])}</pre>" if error["example"] else ""
        rows.append(
            [escape(error["endpoint"]), escape(error["kind"]), f"{error['count']:,}", f"{error['outside']:,}", example]
        )
    heads = ("endpoint", "kind", "measured", "in warm-up or at the end", "an example of the body")
    return section("Errors", "", table(heads, rows, numbers=9))


def functions(document: Document) -> str:
    """Durations, memory, cold starts and concurrency, from the functions' REPORT lines."""
    found = document["functions"]
    if not found["rows"]:
        return ""
    number = len(document["series"])
    starts = {second: float(count) for second, count in found["cold_starts"]}
    at_once: list[float | None] = [0.0] * number
    for second, count in found["concurrency"]:
        if 0 <= second < number:
            at_once[second] = count
    heads = (
        "function",
        "invocations",
        "p50 ms",
        "p95",
        "p99",
        "memory MB",
        "at once",
        "failed",
        "cold starts in the run",
        "init p50 ms",
    )
    line = Line("at once", "rate", at_once, area=True, stepped=True)
    frame = Frame(140, "", left_out(document), "concurrency")
    charts = f"<h3>Invocations at once</h3>{time_chart([line], frame)}<h3>Cold starts a second</h3>"
    charts += bars_chart(starts, number, Frame(110, name="cold starts"), "cold")
    why = (
        "From the REPORT lines in CloudWatch Logs, of the measured part"
        + (" without the probes’ calls" if document["cost"]["exact_invocations"] else "")
        + "; cold starts and the charts are of the whole run with its warm-up, where most of them are."
    )
    if not document["cost"]["exact_invocations"]:
        why += " The probes’ calls are among them: without an access log nothing tells them apart."
    return section("Functions", why, table(heads, [_function(row) for row in found["rows"]]), charts)


def _function(row: Mapping[str, Any]) -> list[str]:
    """A function's row; one that had nothing to do in the measured part says who called it."""
    run = row["run"]
    cold = [f"{run['cold_starts']:,}", figure(run["init_p50"]) if run["cold_starts"] else "–"]
    if not row["invocations"]:
        only = "the probes’ calls only" if run["probes"] == run["invocations"] else "none in the measured part"
        return [f"{escape(row['function'])} ({only})", "0", *["–"] * 6, *cold]
    return [
        escape(row["function"]),
        f"{row['invocations']:,}",
        *(figure(row[name]) for name in ("p50", "p95", "p99")),
        f"{row['used_mb']} of {row['memory_mb']}",
        f"{row['concurrency']}",
        f"{row['failed']}",
        *cold,
    ]


def capacity(document: Document) -> str:
    """DynamoDB's units and everybody's throttles."""
    tables, throttles = document["capacity"], document["throttles"]
    measured = {entry["table"]: entry for entry in document["capacity_measured"]["tables"]}
    rows = [
        [
            escape(entry["table"]),
            *(f"{had[name]:,.0f}" for name in UNITS for had in (entry, measured[entry["table"]])),
            f"{entry['throttled']:,}",
            escape(entry["source"]),
        ]
        for entry in tables
    ]
    said = [f"<li>API Gateway answered {throttles['answers']:,} requests with 429</li>"]
    said += [
        f"<li>Lambda refused {count:,} invocations of {escape(name)}</li>"
        for name, count in throttles["functions"].items()
    ]
    if not document["functions"]["rows"]:
        said.append("<li>what Lambda refused is not known</li>")
    elif not throttles["functions"]:
        said.append("<li>Lambda refused no invocation</li>")
    heads = ("table", "read units", "measured", "write units", "measured", "throttled", "source")
    why = CAPACITY[document["capacity_measured"]["is"]] if tables else ""
    shown = table(heads, rows) if rows else ""
    return section("DynamoDB capacity and throttles", why, shown, f'<ul class="plain">{"".join(said)}</ul>')


UNITS = ("read_units", "write_units")
_WHOLE = "Of the whole run, warm-up and clearing up too, with global indexes; beside it"
CAPACITY = {
    "counted": f"{_WHOLE} the measured part’s, counted where it begins and ends: that is on the bill.",
    "share": f"{_WHOLE} the measured part’s share of it by requests, not its own count: that is on the bill.",
    "estimated": "Of the measured part.",
}


def method(document: Document) -> str:
    """How it was measured, and whether the counts add up."""
    totals, plan = document["totals"], document["plan"]
    counted = f"{totals['sent']:,} sent = {totals['answered']:,} answered + {totals['failed']:,} failed"
    if totals["cut_off"]:
        counted += f" + {totals['cut_off']:,} cut off"
    counted += " (the whole run: warm-up, probes and clearing up too)"
    if totals["access_log"] is not None:
        agrees = "which agrees" if totals["access_log_agrees"] else "which does NOT agree"
        counted += f"; API Gateway's access log has {totals['access_log']:,}, {agrees}"
    if totals["lost_batches"]:
        counted += f"; {totals['lost_batches']} reports of load generators were lost"
    busy = [percent for _moment, percent in document["busy"]]
    said = [
        counted,
        f"machine: {document['machine']}"
        + (f", {sum(busy) / len(busy):.0f} % busy on average in the run" if busy else ""),
        "load generators' own share of a core: "
        + (", ".join(f"{cpu:.0f} %" for cpu in document["generators"].values()) or "not known")
        + " (near 100 % they measure themselves: more WORKERS)",
        f"closed loop: each of {plan['users']} users waits for its answer, thinks, and goes on; seed {plan['seed']}",
        "percentiles are of expected answers, from histograms with buckets of 2 %",
        f"engine: {document['engine']}; stack {document['stack']} in {document['region']}",
        *document["notes"],
    ]
    return section(
        "How it was measured", "", f'<ul class="plain">{"".join(f"<li>{escape(text)}</li>" for text in said)}</ul>'
    )
