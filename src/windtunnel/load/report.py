"""The report as a document: everything that was found, ready to be written as JSON and drawn as a page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from windtunnel.load.access_log import Accesses
from windtunnel.load.capacity import Consumed, Look, Operation, counted_within, estimate, share_of
from windtunnel.load.cautions import cautions
from windtunnel.load.cost import EVENT_BYTES, MONTH_SECONDS, Usage, bill, charged, memory_choices, total
from windtunnel.load.figures import ALL, Figures, Stretch, measured_stretch, series, summarise, totals
from windtunnel.load.function_log import FunctionLog, Invocation, cold_starts, concurrency, figures_of
from windtunnel.load.histogram import bucket_of, percentile
from windtunnel.load.overhead import Overhead, split
from windtunnel.load.plan import Plan
from windtunnel.load.prices import Prices
from windtunnel.load.sample import PROBE, Cell, beside
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
    looks: tuple[Look, ...] = ()
    """What was counted of that at moments of the run."""
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
    measured, whose = _of_the_measured(consumed, facts, stretch, _share(figures, samples))
    overhead = _overhead(figures, facts, stretch, known)
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
        "capacity_measured": {"is": whose, "tables": [asdict(table) for table in measured]},
        "throttles": {"answers": figures[ALL].throttled, "functions": dict(facts.function_throttles)},
        "overhead": None if overhead is None else asdict(overhead) | {"emulator": overhead.emulator},
        "cost": _cost(totals(samples, stretch)[ALL], facts, stretch, measured, known.prices),
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
    """Functions in the measured stretch, without the probes' calls. Most cold starts are before it: they are of the
    whole run, as the time lines are, by second of the run."""
    everything = [call for log in facts.functions for call in log.invocations]
    at_once = concurrency(everything)
    starts = cold_starts(everything)
    rows = []
    for log in facts.functions:
        if not log.invocations:
            continue
        mine = _measured(log, facts, stretch)
        # a cold start's init is billed with it: a few among some hundred calls would be most of a million's price
        warm = tuple(call for call in mine if call.init is None)
        figures, run = figures_of(replace(log, invocations=mine)), figures_of(log)
        choices = [asdict(choice) for choice in memory_choices(figures_of(replace(log, invocations=warm)), prices)]
        row = asdict(figures) | {"gb_seconds": figures.gb_seconds, "memory_choices": choices}
        row["run"] = {
            "invocations": run.invocations,
            "probes": sum(1 for call in log.invocations if _of_a_probe(call, facts)),
            "cold_starts": run.cold_starts,
            "init_p50": run.init_p50,
        }
        rows.append(row)
    return {
        "rows": rows,
        "concurrency": [[second - origin, count] for second, count in sorted(at_once.items())],
        "cold_starts": [[second - origin, count] for second, count in sorted(starts.items())],
        "invocations": len(everything),
        "measured": sum(1 for call in everything if _within(call, stretch)),
    }


def _within(call: Invocation, stretch: Stretch) -> bool:
    return stretch.first <= call.ended / 1000 < stretch.end


def _endpoint(call: Invocation, facts: Facts) -> str | None:
    """What was asked for where a function was called; None where it is not known."""
    return facts.accesses.calls.get(call.request_id) if facts.accesses else None


def _of_a_probe(call: Invocation, facts: Facts) -> bool:
    return (_endpoint(call, facts) or "").startswith(PROBE)


def _measured(log: FunctionLog, facts: Facts, stretch: Stretch) -> tuple[Invocation, ...]:
    """A function's calls in the measured stretch for the scenario, or for nobody that is known."""
    return tuple(
        call for call in log.invocations if _within(call, stretch) and not beside(_endpoint(call, facts) or "")
    )


def _overhead(figures: Mapping[str, Figures], facts: Facts, stretch: Stretch, known: Known) -> Overhead | None:
    """Latencies are of the measured stretch, and so must durations be: before it there may have been another load."""
    durations: dict[str, dict[int, int]] = {}
    for log in facts.functions:
        for call in log.invocations:
            endpoint = _endpoint(call, facts)
            if endpoint is not None and call.init is None and _within(call, stretch):
                buckets = durations.setdefault(endpoint, {})
                bucket = bucket_of(call.duration)
                buckets[bucket] = buckets.get(bucket, 0) + 1
    tables = {endpoint: len(done) for endpoint, done in known.operations.items()}
    medians = {endpoint: percentile(buckets, 0.5) for endpoint, buckets in durations.items()}
    scenario = [name for name, found in figures.items() if name != ALL and not beside(name) and found.good]
    return split(figures, medians, tables, scenario)


COUNTED, SHARE, ESTIMATED = "counted", "share", "estimated"
"""How units of the measured stretch are known: counted at its ends, as a share of the whole run's, or estimated."""


def _of_the_measured(
    consumed: Iterable[Consumed], facts: Facts, stretch: Stretch, share: float
) -> tuple[tuple[Consumed, ...], str]:
    """Units of the measured stretch, and how they are known. What is told in all is of the whole run, with its warm-up
    and its clearing up, which write more than the rest."""
    if not facts.consumed:
        return tuple(consumed), ESTIMATED
    counted = counted_within(facts.looks, stretch.first, stretch.end, [table.table for table in facts.consumed])
    return (share_of(consumed, share), SHARE) if counted is None else (counted, COUNTED)


def _share(figures: Mapping[str, Figures], samples: Samples) -> float:
    """The measured stretch's part of all requests. Probes consume nothing that is counted."""
    consuming = sum(
        cell.requests
        for endpoints in samples.cells.values()
        for endpoint, cell in endpoints.items()
        if not endpoint.startswith(PROBE)
    )
    return figures[ALL].requests / max(1, consuming)


def _cost(
    everything: Cell, facts: Facts, stretch: Stretch, consumed: Iterable[Consumed], prices: Prices
) -> dict[str, Any]:
    """The measured stretch's bill without the probes', and a month's at the same rate."""
    usage = Usage(
        api_requests=charged(everything, _own_throttles(facts)),
        read_units=sum(table.read_units for table in consumed),
        write_units=sum(table.write_units for table in consumed),
        transfer_bytes=everything.received_bytes,
    )
    invocations, gb_seconds, log_bytes = 0, 0.0, 0.0
    for log in facts.functions:
        mine = _measured(log, facts, stretch)
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
        "sources": dict(prices.sources),
        "run": [asdict(line) for line in bill(usage, prices)],
        "month": [asdict(line) for line in bill(month, prices)],
        "run_total": total(bill(usage, prices), free_tier=False),
        "month_total": total(bill(month, prices), free_tier=False),
        "month_total_free_tier": total(bill(month, prices), free_tier=True),
        "month_requests": month.api_requests,
        "exact_invocations": facts.accesses is not None,
    }


def _own_throttles(facts: Facts) -> float:
    """The share of 429s that are API Gateway's own; without an access log they are taken to be."""
    told = facts.accesses.statuses.get(429, 0) if facts.accesses else 0
    return facts.accesses.throttled / told if facts.accesses and told else 1.0


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
