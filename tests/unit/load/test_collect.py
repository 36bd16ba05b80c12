from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from windtunnel.load.collect import read_function_logs, stream_owner


class Services:
    """CloudWatch Logs with some groups' events, and Lambda with functions that log to them."""

    def __init__(self, groups: Mapping[str, list[tuple[str, str]]], functions: Mapping[str, str | None]) -> None:
        self._groups = groups
        self._functions = functions

    def client(self, _service: str) -> Services:
        return self

    def get_paginator(self, _operation: str) -> Services:
        return self

    def paginate(self, *, logGroupName: str, **_stretch: int) -> Iterator[dict[str, Any]]:
        for stream, message in self._groups[logGroupName]:
            yield {"events": [{"timestamp": 1, "logStreamName": stream, "message": message}]}

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:
        group = self._functions[FunctionName]
        return {"MemorySize": 128, **({"LoggingConfig": {"LogGroup": group}} if group else {})}


def report(request: str) -> str:
    size = "Memory Size: 128 MB\tMax Memory Used: 60 MB\t"
    return f"REPORT RequestId: {request}\tDuration: 5.00 ms\tBilled Duration: 5 ms\t{size}"


def test_functions_that_share_a_group_have_their_own_streams() -> None:
    shared = [
        ("2026/11/21/one[$LATEST]a1", report("r1")),
        ("2026/11/21/one[$LATEST]a2", "hello"),
        ("2026/11/21/two[3]b1", report("r2")),
        ("2026/11/21/of-another-stack[$LATEST]c1", report("r3")),
    ]
    services = Services(
        {"/shared": shared, "/aws/lambda/three": [("2026/11/21/[$LATEST]d1", report("r4"))]},
        {"one": "/shared", "two": "/shared", "three": None},
    )

    logs = read_function_logs(services.client, ("one", "two", "three"), 0, 1)

    told = {log.function: ([call.request_id for call in log.invocations], log.events, log.log_bytes) for log in logs}
    size = len(report("r1"))
    assert told == {"one": (["r1"], 2, size + len("hello")), "two": (["r2"], 1, size), "three": (["r4"], 1, size)}


@pytest.mark.parametrize(
    ("stream", "group", "functions", "owner"),
    [
        ("2026/11/21/[$LATEST]a", "/aws/lambda/one", ["one"], "one"),
        ("2026/11/21/[$LATEST]a", "/aws/lambda/one", ["two", "one"], "one"),
        ("2026/11/21/two[$LATEST]a", "/aws/lambda/one", ["two", "one"], "two"),
        ("2026/11/21/one[$LATEST]a", "/shared", ["one"], "one"),
        ("written-by-hand", "/shared", ["one"], "one"),
        ("written-by-hand", "/shared", ["one", "two"], None),
    ],
)
def test_a_stream_is_of_the_function_that_it_names(
    stream: str, group: str, functions: list[str], owner: str | None
) -> None:
    assert stream_owner(stream, group, functions) == owner
