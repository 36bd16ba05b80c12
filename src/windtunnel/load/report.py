"""The report as a document: everything that was found, ready to be written as JSON and drawn as a page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from windtunnel.load.access_log import Accesses
from windtunnel.load.capacity import CLOUDWATCH, ENGINE, Consumed, Operation, estimate
from windtunnel.load.cautions import cautions
from windtunnel.load.cost import EVENT_BYTES, MONTH_SECONDS, Usage, bill, memory_choices, total
from windtunnel.load.figures import ALL, Figures, Stretch, measured_stretch, series, summarise, totals
from windtunnel.load.function_log import FunctionLog, Invocation, cold_starts, concurrency, figures_of
from windtunnel.load.histogram import bucket_of, percentile
from windtunnel.load.overhead import Overhead, split
from windtunnel.load.plan import Plan
from windtunnel.load.prices import Prices
from windtunnel.load.sample import PROBE, beside
from windtunnel.load.samples import STEP, Samples
from windtunnel.load.search import failure, outcome
from windtunnel.load.targets import METRICS, Target
from windtunnel.load.verdict import Verdict, distance, judge, sentence

VERSION = 1


@dataclass(frozen=True)
class Facts:
    """What is known of a run beside its samples."""

    engine: str
    machine: str
    stack: str
    region: str
    ended: float
    """When the last was heard of it."""
    reason: str = ""
    """Why it failed as a run, if it did."""
    interrupted: bool = False
    functions: tuple[FunctionLog, ...] = ()
    accesses: Accesses | None = None
    consumed: tuple[Consumed, ...] = ()
    function_throttles: Mapping[str, int] = field(default_factory=dict)
    busy: tuple[tuple[float, float], ...] = ()
    """How busy the machine was, in percent, by moment."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What a person set for all runs: targets, prices, and what endpoints do to tables."""

    targets: tuple[Target, ...]
    prices: Prices
    operations: Mapping[str, tuple[Operation, ...]]


def build(plan: Plan, samples: Samples, facts: Facts, known: Known) -> dict[str, Any]:
    """The whole document."""
    stretch = measured_stretch(samples, plan.warmup, facts.ended)
    origin = int(samples.moment("began") or stretch.first)
    reached = max(stretch.end, int(samples.moment("ended") or 0), origin)
    figures = summarise(samples, stretch)
    searched = plan.shape == "step" and not plan.interactive
    reason = facts.reason or (failure(samples.marks, plan.step_seconds) if searched else "")
    verdict = judge(known.targets, figures, reason)
    scenario = [name for name in figures if name != ALL and not beside(name)]
    consumed = facts.consumed or estimate(known.operations, figures, plan.outputs)
    overhead = _overhead(figures, facts, known, scenario)
    whole = Stretch(origin, reached)
    document: dict[str, Any] = {
        "version": VERSION,
        "run": plan.run,
        "plan": {key: value for key, value in plan.public().items() if key not in ("targets", "folder")},
        "engine": facts.engine,
        "machine": facts.machine,
        "stack": facts.stack,
        "region": facts.region,
        "began": samples.moment("began"),
        "measured": {"first": stretch.first - origin, "end": stretch.end - origin, "seconds": stretch.seconds},
        "interrupted": facts.interrupted,
        "verdict": _verdict(verdict),
        "totals": _totals(samples, facts),
        "endpoints": [_row(figures[name]) for name in (ALL, *scenario)],
        "probes": [_row(found) for name, found in figures.items() if beside(name)],
        "series": [asdict(second) for second in series(samples, whole, origin)],
        "histograms": {
            name: {str(bucket): n for bucket, n in sorted(cell.buckets.items())}
            for name, cell in totals(samples, stretch).items()
            if not beside(name)
        },
        "errors": _errors(samples, stretch),
        "functions": _functions(facts, stretch, origin, known.prices),
        "capacity": [asdict(table) for table in consumed],
        "throttles": {"answers": figures[ALL].throttled, "functions": dict(facts.function_throttles)},
        "overhead": None if overhead is None else asdict(overhead) | {"emulator": overhead.emulator},
        "cost": _cost(figures, facts, stretch, _of_the_measured(consumed, figures, samples), known.prices),
        "steps": [asdict(mark) for mark in samples.marks if mark.mark == STEP],
        "search": outcome(samples.marks) if searched else None,
        "busy": [[round(moment - origin, 1), percent] for moment, percent in facts.busy],
        "generators": {worker: sum(cpu) / len(cpu) for worker, cpu in samples.cpu.items() if cpu},
        "notes": list(facts.notes),
    }
    document["cautions"] = cautions(document["totals"])
    document["summary"] = summary(document)
    return document


def _row(figures: Figures) -> dict[str, Any]:
    shares = {"error_share": figures.error_share, "throttled_share": figures.throttled_share}
    return asdict(figures) | {"rate": figures.rate} | shares


def _verdict(verdict: Verdict) -> dict[str, Any]:
    targets = [
        asdict(judged.target)
        | {"actual": judged.actual, "met": judged.met, "text": sentence(judged), "distance": distance(judged)}
        | {"title": METRICS[judged.target.metric].title, "ceiling": METRICS[judged.target.metric].ceiling}
        for judged in verdict.judged
    ]
    return {"met": verdict.met, "reason": verdict.reason, "targets": targets}


def _totals(samples: Samples, facts: Facts) -> dict[str, Any]:
    """Everything sent, the warm-up, the probes and the clearing up too, held against the access log."""
    sums = samples.totals
    accesses = facts.accesses
    found: dict[str, Any] = asdict(sums) | {"cut_off": sums.in_flight, "lost_batches": samples.lost}
    found["workers"] = len(samples.last)
    found["adds_up"] = sums.in_flight == 0 and samples.lost == 0
    found["access_log"] = None
    if accesses is not None:
        # a request that failed or was cut off at its client may have reached API Gateway, or not
        most = sums.answered + sums.failed + sums.in_flight
        found["access_log"] = accesses.requests
        found["statuses"] = {str(status): n for status, n in sorted(accesses.statuses.items())}
        found["access_log_agrees"] = sums.answered <= accesses.requests <= most
    return found


def _errors(samples: Samples, stretch: Stretch) -> list[dict[str, Any]]:
    """Errors and 429s by endpoint and kind, the most frequent first; those of the warm-up are counted apart."""
    measured, before = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for second, endpoints in samples.cells.items():
        counts = measured if stretch.first <= second < stretch.end else before
        for endpoint, cell in endpoints.items():
            for kind, count in cell.errors.items():
                counts[endpoint, kind] += count
            if cell.throttled:
                counts[endpoint, "429"] += cell.throttled
    found = []
    for endpoint, kind in sorted({*measured, *before}, key=lambda key: (-measured[key], -before[key], key)):
        example = samples.examples.get((endpoint, kind))
        found.append(
            {
                "endpoint": endpoint,
                "kind": kind,
                "count": measured[endpoint, kind],
                "outside": before[endpoint, kind],
                "example": example.body if example else "",
            }
        )
    return found


def _functions(facts: Facts, stretch: Stretch, origin: int, prices: Prices) -> dict[str, Any]:
    """Functions over the whole run, for cold starts are in the warm-up; the time lines by second of the run."""
    everything = [call for log in facts.functions for call in log.invocations]
    at_once = concurrency(everything)
    starts = cold_starts(everything)
    rows = []
    for log in facts.functions:
        if not log.invocations:
            continue
        figures = figures_of(log)
        choices = [asdict(choice) for choice in memory_choices(figures, prices)]
        rows.append(asdict(figures) | {"gb_seconds": figures.gb_seconds, "memory_choices": choices})
    return {
        "rows": rows,
        "concurrency": [[second - origin, count] for second, count in sorted(at_once.items())],
        "cold_starts": [[second - origin, count] for second, count in sorted(starts.items())],
        "invocations": len(everything),
        "measured": sum(1 for call in everything if _within(call, stretch)),
    }


def _within(call: Invocation, stretch: Stretch) -> bool:
    return stretch.first <= call.ended / 1000 < stretch.end


def _overhead(figures: Mapping[str, Figures], facts: Facts, known: Known, scenario: Iterable[str]) -> Overhead | None:
    calls = facts.accesses.calls if facts.accesses else {}
    durations: dict[str, dict[int, int]] = {}
    for log in facts.functions:
        for call in log.invocations:
            endpoint = calls.get(call.request_id)
            if endpoint is not None and call.init is None:
                buckets = durations.setdefault(endpoint, {})
                bucket = bucket_of(call.duration)
                buckets[bucket] = buckets.get(bucket, 0) + 1
    tables = {endpoint: len(done) for endpoint, done in known.operations.items()}
    medians = {endpoint: percentile(buckets, 0.5) for endpoint, buckets in durations.items()}
    return split(figures, medians, tables, [name for name in scenario if figures[name].good])


def _of_the_measured(consumed: Iterable[Consumed], figures: Mapping[str, Figures], samples: Samples) -> list[Consumed]:
    """Units of the measured stretch: what is counted is of the whole run, with its warm-up and its clearing up. Probes
    consume nothing that is counted."""
    consuming = sum(
        cell.requests
        for endpoints in samples.cells.values()
        for endpoint, cell in endpoints.items()
        if not endpoint.startswith(PROBE)
    )
    share = figures[ALL].requests / max(1, consuming)
    return [
        replace(table, read_units=table.read_units * share, write_units=table.write_units * share)
        if table.source in (CLOUDWATCH, ENGINE)
        else table
        for table in consumed
    ]


def _cost(
    figures: Mapping[str, Figures], facts: Facts, stretch: Stretch, consumed: Iterable[Consumed], prices: Prices
) -> dict[str, Any]:
    """The measured stretch's bill without the probes', and a month's at the same rate."""
    calls = facts.accesses.calls if facts.accesses else {}
    usage = Usage(
        api_requests=figures[ALL].requests,
        read_units=sum(table.read_units for table in consumed),
        write_units=sum(table.write_units for table in consumed),
        transfer_bytes=figures[ALL].received_bytes,
    )
    invocations, gb_seconds, log_bytes = 0, 0.0, 0.0
    for log in facts.functions:
        mine = [
            call for call in log.invocations if _within(call, stretch) and not beside(calls.get(call.request_id, ""))
        ]
        invocations += len(mine)
        gb_seconds += sum(call.memory_mb / 1024 * call.billed / 1000 for call in mine)
        if log.invocations:
            log_bytes += (log.log_bytes + EVENT_BYTES * log.events) * len(mine) / len(log.invocations)
    usage = Usage(**asdict(usage) | {"invocations": invocations, "gb_seconds": gb_seconds, "log_bytes": log_bytes})
    month = usage.times(MONTH_SECONDS / stretch.seconds) if stretch.seconds else Usage()
    return {
        "region": prices.region,
        "looked_up": prices.looked_up,
        "note": prices.note,
        "sources": dict(prices.sources()),
        "run": [asdict(line) for line in bill(usage, prices)],
        "month": [asdict(line) for line in bill(month, prices)],
        "run_total": total(bill(usage, prices), free_tier=False),
        "month_total": total(bill(month, prices), free_tier=False),
        "month_total_free_tier": total(bill(month, prices), free_tier=True),
        "month_requests": month.api_requests,
        "exact_invocations": bool(calls),
    }


def summary(document: Mapping[str, Any]) -> str:
    """The run in one sentence."""
    if document["steps"] and not any(step["met"] for step in document["steps"]):
        fewest = min(step["users"] for step in document["steps"])
        return f"{document['plan']['scenario']}: no step met the targets, not even {fewest} users."
    everything, plan, verdict = document["endpoints"][0], document["plan"], document["verdict"]
    held = [step for step in document["steps"] if step["met"]]
    if plan["interactive"]:
        who = "a run from Locust's web UI"
    elif held:
        best = max(held, key=lambda step: step["rate"])
        search = document["search"]
        who = f"{plan['scenario']} holds at most {best['users']} users"
        if not search["finished"]:
            who = f"{plan['scenario']} holds at least {best['users']} users ({search['why']})"
    else:
        who = f"{plan['scenario']} ({plan['shape']}, {plan['users']} users)"
    if verdict["reason"]:
        return f"{who} failed: {verdict['reason']}."
    text = f"{who}: {everything['rate']:,.1f} answers a second with p95 {everything['p95']:,.0f} ms"
    text += f" and {everything['error_share']:.2%} errors" if everything["errors"] else " and no errors"
    missed = [target for target in verdict["targets"] if not target["met"]]
    number = len(verdict["targets"])
    if not number:
        text += "; no targets are set for it"
    elif missed:
        text += f"; {len(missed)} of {number} targets missed"
    else:
        text += f"; all {number} targets met"
    return text + "."
