from __future__ import annotations

import ast
import importlib.util
import random
from pathlib import Path
from typing import Any

from windtunnel.load.capacity import read_operations
from windtunnel.load.scenarios import read_scenarios

LOAD = Path(__file__).parents[2] / "load"
SCENARIOS = ("users-crud", "read-heavy", "write-heavy", "manager-mix", "hot-key", "preflight", "mixed")


def test_every_scenario_is_there() -> None:
    assert sorted(read_scenarios(LOAD / "locustfile.py")) == sorted(SCENARIOS)


def test_the_locustfile_knows_no_engine() -> None:
    text = (LOAD / "locustfile.py").read_text()

    assert not [word for word in ("localhost", "127.0.0.1", "4566", "amazonaws", "x-api-key") if word in text]


def test_every_endpoint_that_changes_a_table_is_in_capacity_toml() -> None:
    tree = ast.parse((LOAD / "locustfile.py").read_text())
    operated = {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "operate"
        and isinstance(node.args[0], ast.Constant)
    }

    assert operated == {"create", "read", "update", "delete"}
    assert {f"POST /dynamodbmanager ({operation})" for operation in operated} <= set(
        read_operations(LOAD / "capacity.toml")
    )


def test_people_are_taken_by_the_users_service_and_do_not_repeat() -> None:
    from users.validation import parse_profile

    spec = importlib.util.spec_from_file_location("people", LOAD / "people.py")
    assert spec is not None
    assert spec.loader is not None
    people: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(people)
    chance = random.Random(3)

    profiles = [parse_profile(people.profile(chance)) for _ in range(2000)]

    assert len({profile.email for profile in profiles}) == 2000
    assert 0.1 < sum(1 for profile in profiles if profile.age is None) / 2000 < 0.3
