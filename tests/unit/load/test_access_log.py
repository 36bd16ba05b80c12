from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from windtunnel.load.access_log import FORMAT, count, switched_on


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


STAGE = ("api", "Prod")
ACCOUNT = "111122223333"


class Gateway:
    """A stage, as API Gateway has it."""

    class meta:
        region_name = "eu-west-1"

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self.settings = settings

    def get_stage(self, **_stage: str) -> dict[str, Any]:
        return {"accessLogSettings": dict(self.settings)} if self.settings else {}

    def update_stage(self, *, patchOperations: list[dict[str, str]], **_stage: str) -> None:
        for patch in patchOperations:
            if patch["op"] == "remove":
                self.settings = None
            else:
                self.settings = {**(self.settings or {}), patch["path"].rpartition("/")[2]: patch["value"]}


class Logs:
    """Log groups, as CloudWatch Logs has them."""

    def __init__(self, *groups: str) -> None:
        self.groups = list(groups)

    def create_log_group(self, *, logGroupName: str) -> None:
        self.groups.append(logGroupName)

    def delete_log_group(self, *, logGroupName: str) -> None:
        self.groups.remove(logGroupName)

    def get_paginator(self, operation: str) -> Logs:
        assert operation == "describe_log_groups"
        return self

    def paginate(self, *, logGroupNamePrefix: str) -> list[dict[str, Any]]:
        found = [{"logGroupName": name} for name in self.groups if name.startswith(logGroupNamePrefix)]
        return [{"logGroups": found[:1]}, {"logGroups": found[1:]}]


def test_a_stage_logs_to_the_runs_group_in_its_own_account_and_then_as_before(tmp_path: Path) -> None:
    before = {"destinationArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:mine", "format": "$context.requestId"}
    gateway, logs = Gateway(before), Logs("mine")

    with switched_on(gateway, logs, STAGE, "run-1", ACCOUNT, kept=tmp_path / "kept") as group:
        assert group == "/windtunnel/load/run-1"
        assert gateway.settings is not None
        assert gateway.settings["destinationArn"] == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group}"
        assert logs.groups == ["mine", group]

    assert gateway.settings == before
    assert logs.groups == ["mine"]


def test_what_killed_runs_left_is_removed_and_not_restored(tmp_path: Path) -> None:
    left = "/windtunnel/load/run-0"
    gateway = Gateway({"destinationArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{left}", "format": FORMAT})
    logs = Logs(left, "/windtunnel/load/run-00", "/windtunnel/loads")

    with switched_on(gateway, logs, STAGE, "run-1", ACCOUNT, kept=tmp_path / "kept") as group:
        assert logs.groups == ["/windtunnel/loads", group]

    assert gateway.settings is None
    assert logs.groups == ["/windtunnel/loads"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"stage": ["api", "Prod"]}'])
def test_a_damaged_memory_of_what_was_before_is_none(tmp_path: Path, content: str) -> None:
    left = "/windtunnel/load/run-0"
    gateway = Gateway({"destinationArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{left}", "format": FORMAT})
    (tmp_path / "kept").write_text(content)

    with switched_on(gateway, Logs(left), STAGE, "run-1", ACCOUNT, kept=tmp_path / "kept"):
        pass

    assert gateway.settings is None


@pytest.mark.parametrize("killed", [1, 2])
def test_after_runs_that_were_killed_a_stage_logs_to_where_it_did(tmp_path: Path, killed: int) -> None:
    before = {"destinationArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:mine", "format": "$context.requestId"}
    gateway, logs = Gateway(before), Logs("mine")
    never_put_back = []
    for run in range(killed):
        around = switched_on(gateway, logs, STAGE, f"run-{run}", ACCOUNT, kept=tmp_path / "kept")
        around.__enter__()
        never_put_back.append(around)  # a generator that is collected would put it back
    assert gateway.settings != before

    with switched_on(gateway, logs, STAGE, "last", ACCOUNT, kept=tmp_path / "kept"):
        pass

    assert gateway.settings == before
    assert logs.groups == ["mine"]
    assert list(tmp_path.iterdir()) == []
    logs.groups += [f"/windtunnel/load/run-{run}" for run in range(killed)]  # for their end
