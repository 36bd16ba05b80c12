"""What the end-to-end tests share: the stack's resources by their names in the template, and waiting."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.testing.engine import command_environment

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

PATIENCE = 30.0
"""Seconds that CloudWatch gets to show a log line."""

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}


@pytest.fixture(scope="session")
def resources(stack: Stack, aws: Aws) -> Mapping[str, str]:
    """Physical ids by logical ids, SAM's own resources too."""
    pages = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


@pytest.fixture(scope="session")
def users_table(stack: Stack, aws: Aws) -> Any:
    return aws.resource("dynamodb").Table(stack.outputs["UsersTableName"])


@pytest.fixture(scope="session")
def manager_table(stack: Stack, aws: Aws) -> Any:
    return aws.resource("dynamodb").Table(stack.outputs["ManagerTableName"])


@pytest.fixture
def create_user(api: Api, users_table: Any) -> Iterator[Callable[..., dict[str, Any]]]:
    """Creates users, and takes away at the end what is left of them."""
    made: list[str] = []

    def create(**fields: Any) -> dict[str, Any]:
        response = api.post("/users", json={**ADA, **fields})
        assert response.status_code == 201, response.text
        user: dict[str, Any] = response.json()
        made.append(user["userId"])
        return user

    yield create
    for user_id in made:
        users_table.delete_item(Key={"userId": user_id})


@pytest.fixture
def script(harness: Harness) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs one of scripts/ on the stack under test."""
    settings = harness.settings
    named = command_environment(settings)

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(settings.root / "scripts" / name), *arguments]
        return subprocess.run(
            command, env=named, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Asks until the answer is true, or fails with what was waited for."""

    def wait(ask: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        pause = 0.05
        while not (answer := ask()):
            if time.monotonic() > deadline:
                pytest.fail(f"waited {PATIENCE:.0f} s for {what}")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        return answer

    return wait
