"""The report's section on money: the bill, and each function at other memory sizes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from windtunnel.load.sections import Document, figure, section, table

SERVICES = {
    "api_gateway": "API Gateway",
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "logs": "CloudWatch Logs",
    "transfer": "Data transfer",
}


def amount(value: float) -> str:
    """A number with the digits that matter, and never with an exponent."""
    if value >= 1000 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value >= 0.001 else f"{value:.6f}"


def cost(document: Document) -> str:
    """The bill, and each function at other memory sizes."""
    found = document["cost"]
    rows = [
        [
            f'<a href="{escape(found["sources"][month["service"]])}">{SERVICES[month["service"]]}</a>, '
            f"{escape(month['title'])}",
            f"{amount(run['amount'])} {escape(run['unit'])}",
            f"${run['dollars']:.6f}",
            f"{amount(month['amount'])} {escape(month['unit'])}",
            f"${month['dollars']:,.2f}",
            f"${month['after_free_tier']:,.2f}",
        ]
        for run, month in zip(found["run"], found["month"], strict=True)
    ]
    rows.append(
        [
            "all",
            "",
            f"${found['run_total']:.6f}",
            "",
            f"${found['month_total']:,.2f}",
            f"${found['month_total_free_tier']:,.2f}",
        ]
    )
    heads = ("", "this run", "costs", "a month at this rate", "costs", "with the free tier")
    why = (
        f"What AWS would ask in {escape(found['region'])} for the measured part of the run without the probes"
        f"{'' if found['exact_invocations'] else ' (but for their invocations, which nothing tells apart)'}, and for "
        f"730 hours of it ({found['month_requests']:,.0f} requests). Prices as of {escape(found['looked_up'])}: "
        f"{escape(found['note'])}. Requests that API Gateway throttled, or that never reached it, cost "
        "nothing; transfer is of bodies, without headers. Storage, DNS, a firewall and what others use of the free "
        "tier are not in it."
    )
    if not document["functions"]["rows"]:
        why = "Not complete: nothing is known of the functions. " + why
    return section(
        "What it would cost", why, table(heads, rows, classes=[""] * (len(rows) - 1) + ["sum"]), _memory(document)
    )


def _cold(row: Mapping[str, Any]) -> str:
    """What a function's price per million is without."""
    number = row["cold_starts"]
    if not number:
        return ""
    return f" (beside {number} cold start{'s' if number != 1 else ''}, {figure(row['init_p50'])} ms more billed each)"


def _memory(document: Document) -> str:
    """Compute per million invocations, by memory size, between two assumptions."""
    rows = [row for row in document["functions"]["rows"] if row["memory_choices"]]
    if not rows:
        return ""
    sizes = sorted({choice["memory_mb"] for row in rows for choice in row["memory_choices"]})
    body = []
    for row in rows:
        by_size = {choice["memory_mb"]: choice for choice in row["memory_choices"]}
        cells = [escape(row["function"]) + _cold(row)]
        for size in sizes:
            choice = by_size.get(size)
            if choice is None:
                cells.append("too small")
                continue
            low, high = sorted((choice["as_measured"], choice["in_proportion"]))
            text = f"${low:.2f}" if high - low < 0.005 else f"${low:.2f} – {high:.2f}"
            cells.append(f"<b>{text}</b>" if size == row["memory_mb"] else text)
        body.append(cells)
    return (
        "<details open><summary>At other memory sizes: compute per million invocations</summary>"
        '<p class="callout">Of the measured part, without its cold starts, whose init the bill has. Local time is not '
        "Lambda time: this machine’s cores are others, and nothing here slows "
        "a function down to its share of a core. So each price is a range: one end if the duration stays as measured "
        "(the function waits), the other if it changes in proportion to memory, up to one vCPU at 1,769 MB (it "
        "computes). Bold is as configured. "
        "To know, run it on AWS.</p>" + table(("function", *(f"{size} MB" for size in sizes)), body) + "</details>"
    )
