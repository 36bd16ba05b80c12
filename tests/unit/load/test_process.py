from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from windtunnel.load.plan import Plan, plan_from_text, scenario_class
from windtunnel.load.process import Distribution, Locust, LocustError, started, steering_command, worker_command
from windtunnel.load.targets import Target

LOCUST = Locust(Path("/venv/bin/locust"), Path("/tests/locustfile.py"), {}, Path("/log"))


def test_one_process_does_everything(plan: Plan) -> None:
    command = steering_command(LOCUST, plan, Distribution(), None)

    assert "--headless" in command
    assert "--master" not in command
    assert command[-2:] == ["Mixed", "Probe"]


def test_a_master_waits_for_its_workers(plan: Plan) -> None:
    command = steering_command(LOCUST, plan, Distribution(workers=3), None)

    assert command[command.index("--expect-workers") + 1] == "3"
    assert command[command.index("--master-bind-host") + 1] == "127.0.0.1"
    assert "--worker" in worker_command(LOCUST, Distribution(workers=3))


def test_remote_workers_are_waited_for_where_it_was_said(plan: Plan) -> None:
    spread = Distribution(workers=1, remote=8, bind="10.0.0.1", port=5600)

    command = steering_command(LOCUST, plan, spread, None)

    assert command[command.index("--expect-workers") + 1] == "8"
    assert command[command.index("--master-bind-host") + 1] == "10.0.0.1"
    assert command[command.index("--master-bind-port") + 1] == "5600"


def test_the_key_is_on_no_command_line_and_in_no_file(plan: Plan) -> None:
    commands = [steering_command(LOCUST, plan, Distribution(workers=2), 8089), worker_command(LOCUST, Distribution())]

    assert plan.api_key not in " ".join(word for command in commands for word in command)
    assert plan.api_key not in str(plan.public())
    assert plan.api_key not in repr(plan)


def test_the_web_ui_is_for_this_machine_only(plan: Plan) -> None:
    command = steering_command(LOCUST, plan, Distribution(), 8089)

    assert command[command.index("--web-host") + 1] == "127.0.0.1"
    assert "--headless" not in command


def test_a_plan_survives_its_text(plan: Plan) -> None:
    full = replace(plan, targets=(Target("all", "p95_ms", 5.0),), max_rate=50.0)

    assert plan_from_text(full.text()) == full


def test_scenarios_are_classes() -> None:
    assert [scenario_class(name) for name in ("mixed", "users-crud")] == ["Mixed", "UsersCrud"]


def test_options_of_locust_in_the_environment_do_not_reach_it(plan: Plan, tmp_path: Path) -> None:
    program = tmp_path / "locust"
    program.write_text('#!/bin/sh\nenv > "$OUT"\n')
    program.chmod(0o755)
    said = tmp_path / "said"
    given = {"LOCUST_RUN_TIME": "1s", "OUT": str(said), "PATH": "/usr/bin:/bin"}

    with started(Locust(program, tmp_path / "file.py", given, tmp_path / "log"), plan, Distribution()) as processes:
        while processes.running:
            pass

    assert "LOCUST_RUN_TIME" not in said.read_text()
    assert "WINDTUNNEL_LOAD_PLAN=" in said.read_text()


def test_one_that_never_began_is_an_error_with_what_it_said(plan: Plan, tmp_path: Path) -> None:
    program = tmp_path / "locust"
    program.write_text("#!/bin/sh\necho no such module\nexit 1\n")
    program.chmod(0o755)

    with started(Locust(program, tmp_path / "file.py", {}, tmp_path / "log"), plan, Distribution()) as processes:
        while processes.running:
            pass

    with pytest.raises(LocustError, match="ended with 1 before the run began") as failed:
        processes.require_began(None)
    assert "no such module" in failed.value.detail
    assert processes.require_began(5.0) == 5.0
