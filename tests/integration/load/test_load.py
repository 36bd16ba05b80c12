"""`windtunnel load` from end to end: Locust's own processes against a real engine, a few seconds each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.integration.load.runs import (
    EASY,
    access_log_settings,
    groups_of_runs,
    latest,
    load,
    slo,
)

from windtunnel.engines.ports import free_port
from windtunnel.files import write_whole
from windtunnel.load.capacity import Counted, counted_between
from windtunnel.load.collect import read_counted
from windtunnel.stack import Stack
from windtunnel.testing.plugin import Engine


def counted(engine: Engine) -> Counted:
    found = read_counted(engine.harness.engine, engine.settings.account, engine.settings.region)
    assert found is not None
    return found


def test_five_seconds_end_in_a_verdict_and_a_report(
    deployed: Stack, variables: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    table = deployed.outputs["UsersTableName"]
    before = engine.client("dynamodb").scan(TableName=table)["Count"]
    logged = access_log_settings(engine, deployed)
    consumed = counted(engine)

    done = load(variables, "--seconds", "5", "--warmup", "1", "--slo", slo(tmp_path, EASY))

    folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict met" in done.stdout
    assert "s left" in done.stderr
    totals = document["totals"]
    assert totals["sent"] == totals["answered"] == totals["access_log"] > 0
    assert set(totals["statuses"]) == {"200", "201"}
    assert document["functions"]["invocations"] > 0
    # how many there are is for what ran before on this session's engine to say
    cold = sum(count for _second, count in document["functions"]["cold_starts"])
    assert cold == sum(row["run"]["cold_starts"] for row in document["functions"]["rows"])
    assert {probe["endpoint"] for probe in document["probes"]} >= {"probe gateway", "probe function", "probe table"}
    assert document["overhead"]["emulator"] > 0
    assert document["cost"]["month_total"] > 0
    # what the engine counted in the run, where nobody else was: the probes' reads are not in it
    more = counted_between(consumed, counted(engine), [entry["table"] for entry in document["capacity"]])
    assert more is not None
    assert document["capacity"] == [asdict(entry) for entry in more]
    (users,) = [entry for entry in document["capacity"] if entry["table"] == table]
    assert users["source"] == "counted by the engine"
    assert users["write_units"] > 0
    assert users["read_units"] > 0
    # the bill has what was counted in the measured stretch, which is less: clearing up writes after it
    measured = document["capacity_measured"]
    (billed,) = [entry for entry in measured["tables"] if entry["table"] == table]
    assert measured["is"] == "counted"
    assert 0 < billed["write_units"] < users["write_units"]
    writes = next(line for line in document["cost"]["run"] if line["title"] == "writes")
    assert writes["amount"] == pytest.approx(sum(entry["write_units"] for entry in measured["tables"]))
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    # the stage logs as it did, and what was made for the run is gone
    assert access_log_settings(engine, deployed) == logged
    assert groups_of_runs(engine) == []
    # users take away whom they created
    assert engine.client("dynamodb").scan(TableName=table)["Count"] == before


def test_nothing_that_is_written_has_the_api_key(deployed: Stack, variables: dict[str, str]) -> None:
    folder, _document = latest(variables)

    assert not [path.name for path in folder.iterdir() if deployed.api_key in path.read_text()]


@pytest.mark.usefixtures("deployed")
def test_what_probes_read_is_nobodys_consumption(variables: dict[str, str], tmp_path: Path) -> None:
    easy = slo(tmp_path, EASY)

    done = load(variables, "--scenario", "preflight", "--seconds", "3", "--warmup", "1", "--slo", easy)

    _folder, document = latest(variables)
    assert "preflight" in done.stdout
    assert next(probe for probe in document["probes"] if probe["endpoint"] == "probe table")["good"] > 0
    assert document["capacity"]
    assert {(entry["read_units"], entry["write_units"]) for entry in document["capacity"]} == {(0, 0)}


def test_what_lambda_refused_is_in_the_report(
    deployed: Stack, variables: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    manager, lambdas = f"{deployed.name}-dynamodbmanager", engine.client("lambda")
    lambdas.put_function_concurrency(FunctionName=manager, ReservedConcurrentExecutions=0)

    # its metrics leave the engine only every few seconds, and so after such a run
    try:
        load(variables, "--seconds", "3", "--warmup", "0", "--slo", slo(tmp_path, EASY))
    finally:
        lambdas.delete_function_concurrency(FunctionName=manager)

    _folder, document = latest(variables)
    refused = sum(n for status, n in document["totals"]["statuses"].items() if status == "429" or status >= "500")
    assert document["throttles"]["functions"] == {manager: refused}
    assert refused > 0


def test_a_run_that_was_killed_is_cleared_up_after(
    deployed: Stack, variables: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    before = access_log_settings(engine, deployed)
    kept = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load/access-log-before.json"
    write_whole(kept, json.dumps({"stage": [deployed.api_id, deployed.api_stage], "settings": before or {}}))
    group = "/windtunnel/load/20200101-000000"
    arn = f"arn:aws:logs:{deployed.region}:{engine.settings.account}:log-group:{group}"
    paths = {"/accessLogSettings/destinationArn": arn, "/accessLogSettings/format": "$context.requestId"}
    engine.client("logs").create_log_group(logGroupName=group)
    engine.client("apigateway").update_stage(
        restApiId=deployed.api_id,
        stageName=deployed.api_stage,
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in paths.items()],
    )

    load(variables, "--seconds", "3", "--warmup", "1", "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0
    assert access_log_settings(engine, deployed) == before
    assert groups_of_runs(engine) == []


@pytest.mark.usefixtures("deployed")
def test_a_stack_in_another_account_is_measured_as_in_the_first(variables: dict[str, str], tmp_path: Path) -> None:
    other = {**variables, "WINDTUNNEL_ACCOUNT": "111122223333"}

    done = load(other, "--seconds", "4", "--warmup", "1", "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0
    assert document["functions"]["invocations"] > 0
    table = next(probe for probe in document["probes"] if probe["endpoint"] == "probe table")
    assert (table["good"] > 0, table["errors"]) == (True, 0)


@pytest.mark.usefixtures("deployed")
def test_an_impossible_target_is_missed_with_its_distance(variables: dict[str, str], tmp_path: Path) -> None:
    done = load(variables, "--seconds", "4", "--warmup", "1", "--slo", slo(tmp_path, "[default.all]\np50_ms = 0.01\n"))

    assert done.returncode == 1
    assert "MISSED  all: p50" in done.stdout
    assert "times the target" in done.stdout
    assert "1 of 1 targets missed" in done.stdout


@pytest.mark.usefixtures("deployed")
def test_workers_make_one_report_whose_counts_add_up(variables: dict[str, str], tmp_path: Path) -> None:
    port = str(free_port())
    easy = slo(tmp_path, EASY)

    done = load(variables, "--seconds", "5", "--warmup", "1", "--workers", "2", "--bind-port", port, "--slo", easy)

    _folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    totals = document["totals"]
    assert totals["workers"] == 2
    assert totals["sent"] == totals["answered"] + totals["failed"] == totals["access_log"] > 0
    assert totals["lost_batches"] == 0


@pytest.mark.usefixtures("deployed")
def test_users_who_leave_break_off_no_request(variables: dict[str, str], tmp_path: Path) -> None:
    # so many that Locust's loop is always late, and a part of them leaves in the middle
    many = ("--users", "150", "--shape", "spike", "--seconds", "9", "--warmup", "1")

    done = load(variables, *many, "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert document["errors"] == []
    assert document["totals"]["sent"] == document["totals"]["answered"] > 150
