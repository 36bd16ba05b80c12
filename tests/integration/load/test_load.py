"""`windtunnel load` from end to end: Locust's own processes against a real engine, a few seconds each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from windtunnel.config import Settings
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import read_children
from windtunnel.load.capacity import Counted, counted_between
from windtunnel.load.collect import read_counted
from windtunnel.stack import Stack
from windtunnel.testing.engine import command_environment, throwaway_engine
from windtunnel.testing.plugin import Engine

PATIENCE = 120
Arguments = Callable[..., list[str]]


@pytest.fixture(scope="module")
def deployed(engine: Engine) -> Stack:
    """The application, on this session's own engine."""
    return engine.harness.deploy()


@pytest.fixture(scope="module")
def variables(engine: Engine) -> dict[str, str]:
    """An environment in which the command finds that engine."""
    return command_environment(engine.settings)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "windtunnel", "load", "--users", "4", *arguments]


def load(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def latest(variables: dict[str, str]) -> tuple[Path, dict[str, Any]]:
    folder = (Path(variables["WINDTUNNEL_STATE_DIR"]) / "load/latest").resolve()
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return folder, document


def access_log_settings(engine: Engine, stack: Stack) -> Any:
    stage = engine.client("apigateway").get_stage(restApiId=stack.api_id, stageName=stack.api_stage)
    return stage.get("accessLogSettings")


def groups_of_runs(engine: Engine) -> Any:
    return engine.client("logs").describe_log_groups(logGroupNamePrefix="/windtunnel/load/")["logGroups"]


def counted(engine: Engine) -> Counted:
    found = read_counted(engine.harness.engine, engine.settings.account, engine.settings.region)
    assert found is not None
    return found


def slo(tmp_path: Path, text: str) -> str:
    path = tmp_path / "slo.toml"
    path.write_text(text)
    return str(path)


EASY = '[default.all]\np99_ms = 60000\nthroughput = 0.1\nerror_share = 0\n[default."POST /users"]\np50_ms = 60000\n'


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
    assert sum(count for _second, count in document["functions"]["cold_starts"]) > 0
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
    assert access_log_settings(engine, deployed) is None
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


def started(variables: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_answers(process: subprocess.Popen[str], home: Path, before: set[str]) -> None:
    """Until a run that was not there before has measured something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for folder in home.glob("2*"):
            samples = folder / "samples.jsonl"
            if folder.name not in before and samples.exists() and samples.read_text().count("\n") > 3:
                return
        time.sleep(0.1)
    process.kill()
    output, _ = process.communicate()
    pytest.fail(f"the run did not begin:\n{output}")


def items(engine: Engine, table: str) -> list[Any]:
    found: list[Any] = engine.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=str)


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
def test_ctrl_c_still_writes_the_report_and_a_second_run_is_told_of_the_first(variables: dict[str, str]) -> None:
    home = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load"
    before = {folder.name for folder in home.glob("2*")}
    process = started(variables, "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, before)

    second = load(variables, "--seconds", "3")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 130, output
    assert "report  " in output
    assert document["interrupted"] is True
    assert second.returncode == 2
    assert f"another run is under way in {home}: process {process.pid}, since" in second.stderr
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_while_the_logs_are_read_ends_that_only(variables: dict[str, str], tmp_path: Path) -> None:
    process = started(variables, "--seconds", "4", "--warmup", "1", "--slo", slo(tmp_path, EASY))
    assert process.stdout is not None
    for said in process.stdout:
        if "reading what" in said:
            break

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 0, output
    assert "verdict met" in output
    assert document["notes"] == ["what the functions and API Gateway logged was not read to its end: Ctrl-C"]


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_does_not_wait_for_workers_that_never_come(variables: dict[str, str]) -> None:
    process = started(variables, "--remote-workers", "1", "--bind-port", str(free_port()))
    assert process.stdout is not None
    for said in process.stdout:
        if "starting Locust" in said:
            break

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)  # Locust itself waits for a minute

    assert process.returncode == 130, output
    assert "report  " in output


@pytest.mark.usefixtures("deployed")
def test_a_run_whose_locust_goes_away_is_failed_and_has_its_report(variables: dict[str, str], tmp_path: Path) -> None:
    home = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load"
    before = {folder.name for folder in home.glob("2*")}
    process = started(variables, "--seconds", "300", "--warmup", "0", "--slo", slo(tmp_path, EASY))
    wait_for_answers(process, home, before)

    (locust,) = psutil.Process(process.pid).children()
    locust.kill()
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 1, output
    assert document["verdict"]["reason"].startswith("Locust ended by itself")
    assert document["verdict"]["reason"].endswith("(exit code -9)")


@pytest.mark.usefixtures("deployed")
def test_a_search_that_nothing_breaks_says_what_ended_it(variables: dict[str, str], tmp_path: Path) -> None:
    steps = ("--shape", "step", "--step-seconds", "4", "--seconds", "60", "--warmup", "1", "--max-rate", "30")

    done = load(variables, *steps, "--users", "30", "--slo", slo(tmp_path, EASY))

    _folder, document = latest(variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds at least 30 users (the limit of 30 requests a second was reached" in done.stdout
    assert document["search"]["finished"] is False


def test_a_search_without_anything_that_users_break_is_refused(variables: dict[str, str], tmp_path: Path) -> None:
    done = load(variables, "--shape", "step", "--slo", slo(tmp_path, "[default.all]\nthroughput = 1\n"))

    assert done.returncode == 2
    assert "has none that more users break" in done.stderr
    assert "p95_ms" in done.stderr


def test_aws_is_never_loaded_by_accident(variables: dict[str, str]) -> None:
    done = load({**variables, "WINDTUNNEL_ENGINE": "aws"}, "--seconds", "5")
    longer = load({**variables, "WINDTUNNEL_ENGINE": "aws"}, "--seconds", "3600", "--yes-cost-money")

    assert done.returncode == longer.returncode == 2
    assert "--yes-cost-money" in done.stderr
    assert "more than the cap of 10 minutes" in longer.stderr


def test_aws_without_credentials_says_so(variables: dict[str, str], tmp_path: Path) -> None:
    nobody = {name: value for name, value in variables.items() if not name.startswith("AWS_")}
    nobody |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "WINDTUNNEL_ENGINE": "aws"}

    done = load(nobody, "--seconds", "5", "--yes-cost-money")

    assert done.returncode == 2
    assert "AWS does not know who is asking: Unable to locate credentials" in done.stderr
    assert "a bug in windtunnel" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scenario", "mixd"), "did you mean 'mixed'?"),
        (("--seconds", "1"), "too short to measure a whole second"),
        (("--ui", "--ui-port", "70000"), "'--ui-port'"),
        (("--workers", "2", "--bind-port", "70000"), "'--bind-port'"),
        (("--workers", "2", "--bind", "192.0.2.1"), "cannot be listened on"),
        (("--max-minutes", "inf"), "'--max-minutes'"),
    ],
)
def test_what_cannot_be_run_as_asked_ends_with_2_and_says_why(
    variables: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    done = load(variables, *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("deployed")
def test_a_folder_in_the_place_of_the_newest_runs_link_costs_no_verdict(
    variables: dict[str, str], tmp_path: Path
) -> None:
    newest = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load/latest"
    newest.unlink(missing_ok=True)
    newest.mkdir(parents=True)
    targets = slo(tmp_path, "[mixed.all]\np99_ms = 60000\n")

    done = load(variables, "--scenario", "Mixed", "--seconds", "6", "--slo", targets)

    newest.rmdir()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict met" in done.stdout
    assert "met     all: p99" in done.stdout  # Mixed is mixed, in slo.toml too
    assert f"{newest} does not point to this run: Is a directory" in done.stderr


@pytest.fixture
def doomed(windtunnel_settings: Settings) -> Iterator[Any]:
    """An engine that may die."""
    with throwaway_engine(windtunnel_settings, lambda _event: None) as harness:
        harness.deploy()
        yield harness


def test_an_engine_that_dies_gives_a_failed_verdict_with_the_reason(doomed: Any) -> None:
    variables = command_environment(doomed.settings)
    home = doomed.settings.state_dir / "load"
    process = started(variables, "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, set())

    doomed.engine.stop(lambda _line: None)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 1, output
    assert "the engine died: its last answer came" in document["verdict"]["reason"]
    assert document["verdict"]["met"] is False
    assert "verdict MISSED" in output


@contextmanager
def frozen(state_dir: Path) -> Iterator[None]:
    """The engine's edge stands still for the block: it is there, takes connections, and answers nothing."""
    (edge,) = [child for child in read_children(state_dir / "engine/children.json") if child.name == "edge"]
    assert edge.pid is not None
    os.kill(edge.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(edge.pid, signal.SIGCONT)


def test_an_engine_that_hangs_gives_a_report_soon(doomed: Any) -> None:
    home = doomed.settings.state_dir / "load"
    process = started(command_environment(doomed.settings), "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, set())

    with frozen(doomed.settings.state_dir):
        output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(command_environment(doomed.settings))
    assert process.returncode == 1, output
    assert "nothing was answered for" in document["verdict"]["reason"]
    assert "verdict MISSED" in output
    assert "does not answer" in "".join(document["notes"])
