"""Batches of telemetry: what is sent, when it is kept, what is lost."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from windtunnel.apigateway.metrics import Series
from windtunnel.edge.telemetry import BATCH, MINUTES, Telemetry

DIMENSIONS = (("FunctionName", "hello"),)


class Backplane:
    """Takes batches, or not, as it is told."""

    def __init__(self) -> None:
        self.there = True
        self.bodies: list[bytes] = []
        """All that were sent, taken or not."""
        self.taken: list[dict[str, Any]] = []

    async def take(self, body: bytes) -> bool:
        self.bodies.append(body)
        await asyncio.sleep(0)
        if self.there:
            self.taken.append(json.loads(body))
        return self.there

    @property
    def messages(self) -> list[str]:
        return [event[1] for batch in self.taken for entry in batch["logs"] for event in entry["events"]]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [metric for batch in self.taken for metric in batch["metrics"]]


class Clock:
    """A time that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_010.0  # in the minute that began at 1_699_999_980

    def __call__(self) -> float:
        return self.now


def write(telemetry: Telemetry, message: str, stream: str = "one", group: str = "/aws/lambda/x") -> None:
    telemetry.write("000000000000", "us-east-1", group, stream, 17, message)


def count(telemetry: Telemetry, value: float, name: str = "Invocations", unit: str = "Count") -> None:
    telemetry.count("000000000000", "us-east-1", "AWS/Lambda", name, DIMENSIONS, unit, value)


def running(test: Callable[[Telemetry, Backplane, Clock], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        backplane, clock = Backplane(), Clock()
        await test(Telemetry(backplane.take, clock=clock, **options), backplane, clock)

    asyncio.run(run())


def test_log_events_are_sent_by_stream_in_order() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        write(telemetry, "first")
        write(telemetry, "elsewhere", stream="two")
        write(telemetry, 'second "ü" \\ \n')

        assert await telemetry.flush()

        (batch,) = backplane.taken
        common = {"account": "000000000000", "region": "us-east-1", "group": "/aws/lambda/x"}
        assert batch["logs"] == [
            {**common, "stream": "one", "events": [[17, "first"], [17, 'second "ü" \\ \n']]},
            {**common, "stream": "two", "events": [[17, "elsewhere"]]},
        ]
        assert batch["metrics"] == []

    running(test)


def test_nothing_is_sent_where_nothing_came() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        assert await telemetry.flush()
        await telemetry.close()

        assert backplane.bodies == []

    running(test)


def test_what_is_no_text_does_not_stop_the_rest() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        write(telemetry, "half a character: \ud83d")

        assert await telemetry.flush()

        assert backplane.messages == ["half a character: ?"]

    running(test)


def test_metrics_are_counts_of_each_value_in_a_minute() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        for value in (1, 1, 0, 1):
            count(telemetry, value)
        clock.now += 60
        count(telemetry, 1)

        assert await telemetry.flush()

        common = {"account": "000000000000", "region": "us-east-1", "namespace": "AWS/Lambda", "name": "Invocations"}
        common |= {"dimensions": {"FunctionName": "hello"}, "unit": "Count"}  # type: ignore[dict-item]
        assert backplane.metrics == [
            {**common, "timestamp": 1_699_999_980, "values": [1, 0], "counts": [3, 1]},
            {**common, "timestamp": 1_700_000_040, "values": [1], "counts": [1]},
        ]

    running(test)


def test_a_series_counts_under_each_of_its_dimensions() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        sets = ((("ApiName", "a"),), (("ApiName", "a"), ("Stage", "Prod")))
        series = Series("000000000000", "us-east-1", "AWS/ApiGateway", "Latency", sets, "Milliseconds")
        for value in (3, 4, 3):
            telemetry.add(series, value)

        await telemetry.flush()

        dimensions = [entry["dimensions"] for entry in backplane.metrics]
        assert dimensions == [{"ApiName": "a"}, {"ApiName": "a", "Stage": "Prod"}]
        assert all((entry["values"], entry["counts"]) == ([3, 4], [2, 1]) for entry in backplane.metrics)

    running(test)


def test_milliseconds_keep_few_digits() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        for value in (1.234, 1.2341, 12.34, 123.4, 1234.5):
            count(telemetry, value, name="Duration", unit="Milliseconds")

        await telemetry.flush()

        (entry,) = backplane.metrics
        assert dict(zip(entry["values"], entry["counts"], strict=True)) == {1.23: 2, 12.3: 1, 123: 1, 1234: 1}

    running(test)


def test_what_is_not_taken_is_sent_again_the_same_and_in_order() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        backplane.there = False
        write(telemetry, "first")
        count(telemetry, 1)
        assert not await telemetry.flush()
        write(telemetry, "second")
        count(telemetry, 1)
        assert not await telemetry.flush()

        backplane.there = True
        assert await telemetry.flush()

        assert backplane.messages == ["first", "second"]
        assert sum(sum(entry["counts"]) for entry in backplane.metrics) == 2
        # the plugin knows it by its id
        assert backplane.bodies[0] == backplane.bodies[1] == backplane.bodies[2]
        ids = [batch["id"] for batch in backplane.taken]
        assert len(set(ids)) == len(ids)
        numbers = [int(batch["id"].partition("-")[2]) for batch in backplane.taken]
        assert numbers == sorted(numbers)

    running(test)


def test_metrics_that_were_not_taken_are_sent_with_those_that_came_since() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        count(telemetry, 1)
        backplane.there = False
        assert not await telemetry.flush()
        count(telemetry, 1)
        backplane.there = True

        assert await telemetry.flush()

        assert len(backplane.taken) == 2
        assert sum(sum(entry["counts"]) for entry in backplane.metrics) == 2

    running(test)


def test_a_connection_that_fails_is_as_a_no(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(body: bytes) -> bool:
        raise ConnectionRefusedError

    async def run() -> None:
        telemetry = Telemetry(fail)
        for _ in range(3):
            write(telemetry, "x")
            assert not await telemetry.flush()

    asyncio.run(run())

    assert len(caplog.records) == 1  # said once
    assert "are kept for it" in caplog.text


def test_the_oldest_log_events_go_beyond_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        backplane.there = False
        for number in range(10):
            write(telemetry, f"{number} {'x' * BATCH}")
            assert not await telemetry.flush()

        backplane.there = True
        assert await telemetry.flush()

        assert [message[:1] for message in backplane.messages] == ["7", "8", "9"]
        lost = [int(number) for number in re.findall(r"(\d+) log events were lost", caplog.text)]
        assert lost == [1, 6]  # the first at once, the others when a minute is over or the backplane back

    running(test, limit=3 * BATCH + BATCH // 2)


def test_the_batch_on_its_way_is_not_dropped() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        go_on, sent = asyncio.Event(), list[str]()

        async def slow(body: bytes) -> bool:
            await go_on.wait()
            sent.extend(event[1][:1] for entry in json.loads(body)["logs"] for event in entry["events"])
            return True

        telemetry = Telemetry(slow, limit=2 * BATCH + BATCH // 2, clock=clock)
        write(telemetry, "0" * BATCH)
        flushing = asyncio.create_task(telemetry.flush())
        await asyncio.sleep(0)
        for number in range(1, 5):
            write(telemetry, str(number) * BATCH)
        go_on.set()
        await flushing

        assert sent == ["0", "4"]

    running(test)


def test_a_full_batch_is_closed_before_the_interval_is_over() -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        for _ in range(5):
            write(telemetry, "x" * (BATCH // 2))

        await telemetry.flush()

        assert [sum(len(entry["events"]) for entry in batch["logs"]) for batch in backplane.taken] == [2, 2, 1]

    running(test)


def test_metrics_of_the_last_hours_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        for _ in range(MINUTES + 3):
            count(telemetry, 1)
            clock.now += 60

        await telemetry.flush()

        stamps = [entry["timestamp"] for entry in backplane.metrics]
        assert stamps == [1_699_999_980 + 60 * minute for minute in range(3, MINUTES + 3)]
        assert "older metrics are lost" in caplog.text

    running(test)


def test_what_comes_is_sent_by_itself() -> None:
    async def run() -> None:
        arrived = asyncio.Event()
        taken: list[dict[str, Any]] = []

        async def take(body: bytes) -> bool:
            taken.append(json.loads(body))
            arrived.set()
            return True

        telemetry = Telemetry(take, interval=0.001, metrics_interval=1000)
        telemetry.start()
        write(telemetry, "soon")
        await asyncio.wait_for(arrived.wait(), 10)
        write(telemetry, "at the end")
        await telemetry.close()

        assert [event[1] for batch in taken for entry in batch["logs"] for event in entry["events"]] == [
            "soon",
            "at the end",
        ]

    asyncio.run(run())


def test_an_error_of_the_sender_does_not_end_the_sending(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        arrived, tries = asyncio.Event(), 0

        async def take(body: bytes) -> bool:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ValueError("of the sender's own")
            arrived.set()
            return True

        telemetry = Telemetry(take, interval=0.001)
        telemetry.start()
        write(telemetry, "x")
        await asyncio.wait_for(arrived.wait(), 10)
        await telemetry.close()

    asyncio.run(run())

    assert "of the sender's own" in caplog.text


def test_closing_says_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def test(telemetry: Telemetry, backplane: Backplane, clock: Clock) -> None:
        backplane.there = False
        write(telemetry, "x")
        await telemetry.close()

    running(test)

    assert "what was logged last is lost" in caplog.text
