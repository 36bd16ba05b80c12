"""The report from stored runs: the document, and the page that is drawn from it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from windtunnel.load.access_log import Accesses
from windtunnel.load.capacity import Consumed, Counted, Look, Operation
from windtunnel.load.function_log import FunctionLog, Invocation
from windtunnel.load.page import emulator_share, limits, render
from windtunnel.load.plan import Plan
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.samples import ENDED, STEP, Mark, Samples
from windtunnel.load.search import FOUND
from windtunnel.load.targets import Target

ORIGIN = 1_795_000_000
PROBES = ("probe gateway", "probe function", "probe table")


@pytest.fixture
def facts() -> Facts:
    def calls(prefix: str, count: int, duration: float) -> tuple[Invocation, ...]:
        return tuple(
            Invocation("create-user", f"{prefix}-{n}", int((ORIGIN + n % 30) * 1000 + 500), duration, 10, 256, 60)
            for n in range(count)
        )

    cold = Invocation("create-user", "cold", ORIGIN * 1000 + 900, 80.0, 300, 256, 62, 220.0)
    invocations = (cold, *calls("user", 60, 6.0), *calls("ping", 30, 0.5))
    return Facts(
        engine="embedded: LocalStack 4.14.0",
        machine="a CPU, 2 cores",
        stack="windtunnel",
        region="us-east-1",
        ended=ORIGIN + 30.0,
        functions=(FunctionLog("create-user", invocations, events=364, log_bytes=91 * 800),),
        accesses=Accesses(
            600,
            {200: 600},
            {f"user-{n}": "POST /users" for n in range(60)} | {f"ping-{n}": "probe function" for n in range(30)},
        ),
        busy=tuple((ORIGIN + second, 40.0) for second in range(30)),
    )


@pytest.fixture
def document(plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known) -> dict[str, Any]:
    return build(plan, make_samples(), facts, known)


def test_the_document_says_what_was_measured(document: dict[str, Any]) -> None:
    everything = document["endpoints"][0]

    assert document["measured"] == {"first": 5, "end": 30, "seconds": 25}
    assert (everything["endpoint"], everything["requests"], everything["rate"]) == ("all", 500, 20.0)
    assert everything["p95"] == pytest.approx(20.0, rel=0.011)
    assert document["verdict"]["met"] is True
    assert document["totals"]["sent"] == 600
    assert document["totals"]["access_log_agrees"] is True
    assert "all 2 targets met" in document["summary"]
    assert document["cautions"] == []


def test_the_document_is_json_and_has_no_key(document: dict[str, Any]) -> None:
    text = json.dumps(document)

    assert json.loads(text) == document
    assert "secret-key" not in text


def test_a_missed_target_is_in_the_verdict_and_on_the_page(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    hard = replace(known, targets=(Target("all", "p95_ms", 10.0), *known.targets[1:]))

    document = build(plan, make_samples(), facts, hard)
    page = render(document)

    assert document["verdict"]["met"] is False
    assert "1 of 2 targets missed" in document["summary"]
    assert '<div class="badge">MISSED</div>' in page
    assert "all: p95" in re.findall(r'<ul class="missed-list">(.*?)</ul>', page)[0]


def test_a_run_that_failed_says_why_first(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    page = render(build(plan, make_samples(), replace(facts, reason="the engine died"), known))

    assert '<div class="badge">FAILED</div><h1>mixed (steady, 10 users) failed: the engine died.</h1>' in page


def test_a_run_of_which_nothing_is_known_still_has_a_page(plan: Plan, known: Known) -> None:
    facts = Facts("embedded", "a machine", "windtunnel", "us-east-1", ended=0.0, interrupted=True)

    document = build(plan, Samples(), facts, known)
    page = render(document)

    assert document["verdict"]["met"] is False
    assert "FAILED" in page
    # what was not asked is not said to be nothing
    assert "cold starts not known" in page
    assert "what Lambda refused is not known" in page
    assert "a month of this on AWS" not in page


def test_the_access_log_must_have_what_was_answered(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    less = replace(facts, accesses=Accesses(599, {200: 599}, {}))

    document = build(plan, make_samples(), less, known)

    assert document["totals"]["access_log_agrees"] is False
    assert "does NOT agree" in render(document)
    assert "Caution:</span> the access log has 599 requests, the generators had 600 answers" in render(document)


def test_counts_that_do_not_add_up_are_a_caution(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    samples = make_samples()
    recorder = Recorder("other", lambda: ORIGIN + 10.0)
    recorder.sent()
    samples.take(replace(recorder.flush(1, 0.0), sequence=2))

    document = build(plan, samples, facts, known)

    assert document["verdict"]["met"] is True
    assert [text.partition(" ")[0] for text in document["cautions"]] == ["1", "2"]
    assert render(document).count("Caution:</span>") == 2


def test_errors_are_listed_with_an_example_that_cannot_break_the_page(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    samples = make_samples()
    recorder = Recorder("bad", lambda: ORIGIN + 10.0)
    for kind, body in (("502", '{"message": "<script>alert(1)</script>"}'), ("502", "second"), ("429", "{}")):
        recorder.sent()
        recorder.ended(Ended("POST /users", kind, 1.0, body=body))
    samples.take(recorder.flush(1, 0.0))

    document = build(plan, samples, facts, known)
    page = render(document)

    assert [(e["kind"], e["count"]) for e in document["errors"]] == [("502", 2), ("429", 1)]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert document["throttles"]["answers"] == 1


def test_the_emulators_share_is_split_off_by_the_probes(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    samples = make_samples(milliseconds=(10.0,), endpoints=("POST /users",))
    recorder = Recorder("probes", lambda: ORIGIN + 10.0)
    for probe, took in zip(PROBES, (1.0, 2.0, 1.5), strict=True):
        recorder.ended(Ended(probe, "", took), counted=False)
    samples.take(recorder.flush(1, 0.0))
    known = replace(known, operations={"POST /users": (Operation("UsersTableName", "PutItem"),)})

    document = build(plan, samples, facts, known)

    (row,) = document["overhead"]["rows"]
    # 10 ms: 1 for the gateway, 6 in the function of which 1.5 for DynamoDB, so 3 for handing over
    assert [round(row[part], 1) for part in ("gateway", "handing", "table", "rest")] == [1.0, 3.0, 1.5, 4.5]
    assert sum(row[part] for part in ("gateway", "handing", "table", "rest")) == pytest.approx(row["total"])
    assert emulator_share(document)[0] == pytest.approx(0.55, abs=0.01)


def test_functions_are_judged_by_the_measured_stretch_without_probes(document: dict[str, Any]) -> None:
    (row,) = document["functions"]["rows"]

    # of 60 users' calls over 30 s, those of the measured 25; the warm-up's cold start is counted, and shown apart
    assert (row["invocations"], row["cold_starts"], row["billed_ms"]) == (50, 0, 500)
    assert row["p50"] == pytest.approx(6.0, rel=0.011)
    assert row["run"] == {"invocations": 91, "probes": 30, "cold_starts": 1, "init_p50": pytest.approx(220, rel=0.011)}
    # a million at 256 MB cost what the bill has for them
    million = next(choice["as_measured"] for choice in row["memory_choices"] if choice["memory_mb"] == 256)
    (compute,) = [line for line in document["cost"]["run"] if line["title"] == "compute"]
    assert million == pytest.approx(compute["dollars"] / 50 * 1e6)
    assert sum(count for _second, count in document["functions"]["cold_starts"]) == 1


def test_a_price_by_memory_size_is_without_cold_starts(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    (log,) = facts.functions
    cold = replace(log.invocations[0], request_id="cold-2", ended=(ORIGIN + 20) * 1000)

    documents = [
        build(plan, make_samples(), replace(facts, functions=(replace(log, invocations=calls),)), known)
        for calls in (log.invocations, (*log.invocations, cold))
    ]

    (without,), (beside,) = (document["functions"]["rows"] for document in documents)
    assert (without["cold_starts"], beside["cold_starts"]) == (0, 1)
    assert beside["memory_choices"] == without["memory_choices"]
    assert beside["billed_ms"] == without["billed_ms"] + 300
    assert "(beside 1 cold start, 21" in render(documents[1])


def test_a_function_that_only_probes_called_says_so(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    (log,) = facts.functions
    pinged = replace(log, invocations=tuple(call for call in log.invocations if call.request_id.startswith("ping")))
    early = replace(log, function="early", invocations=log.invocations[:1])

    document = build(plan, make_samples(), replace(facts, functions=(pinged, early)), known)
    page = render(document)

    assert [row["memory_choices"] for row in document["functions"]["rows"]] == [[], []]
    assert "create-user (the probes’ calls only)" in page
    assert "early (none in the measured part)" in page


def test_where_probes_cannot_be_told_apart_the_page_says_so(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    document = build(plan, make_samples(), replace(facts, accesses=None), known)

    assert document["functions"]["rows"][0]["invocations"] == 75
    assert "nothing tells them apart" in render(document)


def test_durations_of_another_load_are_in_no_share(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    samples = make_samples(milliseconds=(10.0,), endpoints=("POST /users",))
    recorder = Recorder("probes", lambda: ORIGIN + 25.0)
    for probe, took in zip(PROBES, (1.0, 2.0, 1.5), strict=True):
        recorder.ended(Ended(probe, "", took), counted=False)
    samples.take(recorder.flush(1, 0.0))
    samples.mark(Mark(STEP, ORIGIN + 30, "", 10, 20.0, True, ORIGIN + 20, ORIGIN + 30))
    (log,) = facts.functions
    # the steps before were slower
    slower = tuple(
        replace(call, duration=call.duration * 3) if call.ended < (ORIGIN + 20) * 1000 else call
        for call in log.invocations
    )

    facts = replace(facts, functions=(replace(log, invocations=slower),))
    document = build(replace(plan, shape="step"), samples, facts, known)

    (row,) = document["overhead"]["rows"]
    assert [round(row[part], 1) for part in ("gateway", "handing", "table", "rest")] == [1.0, 3.0, 0.0, 6.0]


def test_the_bill_is_without_the_probes_and_the_warm_up(document: dict[str, Any]) -> None:
    amounts = {(line["service"], line["title"]): line["amount"] for line in document["cost"]["run"]}

    assert amounts["api_gateway", "requests"] == 500
    # of 60 users' invocations spread over 30 s, those of the measured 25; the 30 pings and the cold start not
    assert amounts["lambda", "requests"] == 50
    assert amounts["lambda", "compute"] == pytest.approx(50 * 0.25 * 0.010)
    assert document["cost"]["month_requests"] == pytest.approx(500 / 25 * 730 * 3600)


@pytest.mark.parametrize(
    ("accesses", "requests"),
    [(None, 500 + 1), (Accesses(620, {200: 600, 429: 20}, {}, throttled=15), 500 + 1 + 1)],
)
def test_the_bill_has_what_api_gateway_charges_for(
    plan: Plan,
    make_samples: Callable[..., Samples],
    facts: Facts,
    known: Known,
    accesses: Accesses | None,
    requests: float,
) -> None:
    samples = make_samples()
    recorder = Recorder("bad", lambda: ORIGIN + 10.0)
    for kind, answered in (("502", True), ("connection refused", False), *[("429", True)] * 4):
        recorder.ended(Ended("POST /users", kind, 1.0, answered=answered))
    samples.take(recorder.flush(1, 0.0))

    document = build(plan, samples, replace(facts, accesses=accesses), known)

    # of the 429s those that no function answered are free: three of four where it is known, else all
    assert document["cost"]["run"][0]["amount"] == requests


def test_capacity_that_cloudwatch_has_is_believed(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    known = replace(known, operations={"POST /users": (Operation("UsersTableName", "PutItem"),)})
    told = replace(facts, consumed=(Consumed("users-table", 5.0, 7.0, 2, "CloudWatch"),))

    documents = [build(plan, make_samples(), known_facts, known) for known_facts in (facts, told)]

    (estimated,), (measured,) = (document["capacity"] for document in documents)
    assert ["Of the whole run" in render(document) for document in documents] == [False, True]
    assert [document["capacity_measured"]["is"] for document in documents] == ["estimated", "share"]
    # what is only a share says so
    assert "share of it by requests" in render(documents[1])
    assert (estimated["table"], estimated["write_units"]) == ("users-table", 250.0)
    assert (measured["write_units"], measured["throttled"], measured["source"]) == (7.0, 2, "CloudWatch")


def test_the_bill_is_of_the_measured_stretch_and_without_probes(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    counted = replace(facts, consumed=(Consumed("users-table", 600.0, 300.0, 0, "counted by the engine"),))
    scenario = ("GET /users/{userId}", "POST /users")

    for endpoints in (scenario, (*scenario, "probe gateway", "probe table")):
        document = build(plan, make_samples(endpoints=endpoints), counted, known)

        amounts = {(line["service"], line["title"]): line["amount"] for line in document["cost"]["run"]}
        # 25 of the run's 30 seconds
        assert amounts["dynamodb", "reads"] == 500
        assert amounts["dynamodb", "writes"] == 250
        assert document["capacity"][0]["read_units"] == 600


def test_the_bill_has_what_was_counted_in_the_measured_stretch(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    def look(second: float, reads: float, writes: float) -> Look:
        return Look(ORIGIN + second, Counted("a", {"users-table": (reads, writes, 0), "others": (second, second, 0)}))

    # the warm-up's 5 s write, then nearly all are reads; clearing up deletes
    looks = (look(-1, 0, 0), look(4.5, 50, 400), look(5.5, 60, 404), look(29.5, 540, 500), look(30.5, 560, 510))
    consumed = (Consumed("users-table", 600.0, 900.0, 0, "counted by the engine"),)

    document = build(plan, make_samples(), replace(facts, consumed=consumed, looks=looks), known)

    amounts = {(line["service"], line["title"]): line["amount"] for line in document["cost"]["run"]}
    assert amounts["dynamodb", "reads"] == pytest.approx(550 - 55)
    assert amounts["dynamodb", "writes"] == pytest.approx(505 - 402)
    assert document["capacity_measured"]["is"] == "counted"
    # the section on capacity has the whole run, exactly
    assert (document["capacity"][0]["read_units"], document["capacity"][0]["write_units"]) == (600, 900)
    assert "<td class=n>900</td><td class=n>103</td>" in render(document)


def test_a_search_is_judged_by_its_best_step(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known
) -> None:
    samples = make_samples(seconds=30)
    samples.mark(Mark(STEP, ORIGIN + 12, "", 10, 20.0, True, ORIGIN + 6, ORIGIN + 10))
    samples.mark(Mark(STEP, ORIGIN + 22, "p95", 15, 25.0, False, ORIGIN + 16, ORIGIN + 20))
    unfinished = build(replace(plan, shape="step"), samples, facts, known)
    samples.marks = [mark for mark in samples.marks if mark.mark != ENDED]
    samples.mark(Mark(ENDED, ORIGIN + 30, FOUND))

    document = build(replace(plan, shape="step"), samples, facts, known)

    assert document["measured"] == {"first": 6, "end": 10, "seconds": 4}
    assert document["summary"].startswith("mixed holds at most 10 users")
    assert unfinished["summary"].startswith("mixed holds at least 10 users (it ended while it searched below 15 users)")
    assert "broke" in render(document)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((), "it ended before one step was over, which takes 10 s after the warm-up"),
        ((Mark(STEP, ORIGIN + 12, "p95", 10, 20.0, False, ORIGIN + 6, ORIGIN + 10),), "no step met the targets"),
    ],
)
def test_a_search_without_a_step_that_held_failed_whatever_its_figures(
    plan: Plan, make_samples: Callable[..., Samples], facts: Facts, known: Known, steps: tuple[Mark, ...], reason: str
) -> None:
    samples = make_samples(seconds=30)
    for mark in steps:
        samples.mark(mark)

    document = build(replace(plan, shape="step"), samples, facts, known)

    assert document["verdict"]["met"] is False
    assert document["verdict"]["reason"] == reason
    assert "FAILED" in render(document)


def test_what_limited_the_run_is_said(document: dict[str, Any]) -> None:
    assert limits(document) == "The machine was 40 % busy: it did not limit the run."
    assert "its limit, not the application" in limits({**document, "busy": [[10, 99.0], [11, 97.0]]})
    assert "more WORKERS" in limits({**document, "generators": {"one": 97.0}})


class Outside(HTMLParser):
    """Collects what a page loads from elsewhere, and checks that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("link", "img", "iframe", "script"):
            self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_but_itself_and_is_well_formed(document: dict[str, Any]) -> None:
    page = render(document)

    parser = Outside()
    parser.feed(page)

    assert parser.loads == []
    assert parser.open == []
    assert "@import" not in page
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
