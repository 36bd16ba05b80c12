from __future__ import annotations

import json

from windtunnel.load.access_log import FORMAT, count


def line(agent: str, status: int = 200, call: str = "-") -> str:
    filled = FORMAT.replace("$context.identity.userAgent", agent).replace("$context.status", str(status))
    return filled.replace("$context.integration.requestId", call).replace("$context.responseLatency", "4")


def test_a_line_is_json() -> None:
    assert json.loads(line("me"))["status"] == "200"


def test_only_the_runs_own_requests_are_counted() -> None:
    lines = [
        line("windtunnel-load/run-1 (POST /users)", 201, "call-1"),
        line("windtunnel-load/run-1 (probe gateway)"),
        line("windtunnel-load/run-1 (GET /users/{userId})", 404, "call-2"),
        line("windtunnel-load/run-10 (POST /users)"),
        line("curl/8.5.0"),
        line("-"),
    ]

    accesses = count(lines, "run-1")

    assert accesses.requests == 3
    assert accesses.statuses == {201: 1, 200: 1, 404: 1}
    assert accesses.calls == {"call-1": "POST /users", "call-2": "GET /users/{userId}"}


def test_throttling_of_api_gateways_own_is_told_from_a_functions_answer() -> None:
    agent = "windtunnel-load/run-1 (POST /users)"

    accesses = count([line(agent, 429), line(agent, 429), line(agent, 429, "call-1"), line(agent, 403)], "run-1")

    assert (accesses.statuses[429], accesses.throttled) == (3, 2)
