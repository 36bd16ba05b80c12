"""What scenarios write goes with them; what a search for the highest rate says."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from tests.integration.load.runs import (
    EASY,
    PATIENCE,
    items,
    latest,
    load,
    slo,
    started,
    wait_for_answers,
)

from windtunnel.stack import Stack
from windtunnel.testing.plugin import Engine


def test_the_hot_key_is_one_user_of_the_runs_own(
    deployed: Stack, variables: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    table = deployed.outputs["UsersTableName"]
    profile = {"name": "Some Stranger", "email": "stranger@example.com"}
    url, key = f"{deployed.api_url}/users", {"x-api-key": deployed.api_key}
    requests.post(url, json=profile, headers=key, timeout=PATIENCE).raise_for_status()
    before = items(engine, table)
    home = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load"
    runs = {folder.name for folder in home.glob("2*")}
    easy = slo(tmp_path, "[default.all]\np99_ms = 60000\n")
    process = started(
        variables, "--scenario", "hot-key", "--seconds", "6", "--warmup", "1", "--workers", "2", "--slo", easy
    )
    wait_for_answers(process, home, runs)
    meanwhile = items(engine, table)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 0, output
    assert document["errors"] == []
    endpoints = [entry["endpoint"] for entry in document["endpoints"]]
    assert endpoints == ["all", "GET /users/{userId}", "PUT /users/{userId}"]
    assert document["totals"]["workers"] == 2
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0
    assert len(meanwhile) == len(before) + 1
    assert [item for item in meanwhile if item in before] == before
    assert items(engine, table) == before


def test_what_users_of_the_manager_write_goes_with_them(
    deployed: Stack, variables: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    table = deployed.outputs["ManagerTableName"]
    stranger = {"id": {"S": "load-7"}, "name": {"S": "somebody else's"}}
    engine.client("dynamodb").put_item(TableName=table, Item=stranger)
    before = items(engine, table)

    load(variables, "--scenario", "manager-mix", "--seconds", "4", "--warmup", "1", "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert document["errors"] == []
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0
    assert "POST /dynamodbmanager (create)" in {entry["endpoint"] for entry in document["endpoints"]}
    assert items(engine, table) == before


@pytest.mark.usefixtures("deployed")
def test_a_search_that_nothing_breaks_says_what_ended_it(variables: dict[str, str], tmp_path: Path) -> None:
    steps = ("--shape", "step", "--step-seconds", "4", "--seconds", "60", "--warmup", "1", "--max-rate", "30")

    done = load(variables, *steps, "--users", "30", "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds at least 30 users (the limit of 30 requests a second was reached" in done.stdout
    assert document["search"]["finished"] is False
