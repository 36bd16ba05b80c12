"""What people run by hand on a deployed stack: seed, cleanup, smoke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api

pytestmark = pytest.mark.engine

type Script = Callable[..., Any]


def seeded(api: Api) -> list[str]:
    users: list[dict[str, Any]] = []
    query = {"limit": "100"}
    while True:
        page = api.get("/users", params=query).json()
        users += page["users"]
        if "nextToken" not in page:
            return sorted(user["email"] for user in users if user["email"].endswith("@seed.example.com"))
        query["nextToken"] = page["nextToken"]


def test_seed_makes_each_user_once_and_cleanup_takes_them_away(api: Api, script: Script) -> None:
    first = script("seed", "--users", "12")
    again = script("seed", "--users", "15")
    emails = seeded(api)
    cleaned = script("cleanup")

    assert (first.returncode, again.returncode, cleaned.returncode) == (0, 0, 0), first.stderr + again.stderr
    assert emails == sorted(f"user{number}.1@seed.example.com" for number in range(15))
    assert "15 users deleted" in cleaned.stdout
    assert seeded(api) == []


def test_cleanup_of_everything_wants_a_yes(
    api: Api, create_user: Callable[..., dict[str, Any]], script: Script
) -> None:
    user = create_user()

    done = script("cleanup", "--all")

    assert done.returncode == 1
    assert "--yes" in done.stderr
    assert api.get(f"/users/{user['userId']}").status_code == 200


def test_smoke_finds_all_well_and_leaves_nothing(stack: Stack, script: Script) -> None:
    done = script("smoke", "--url", stack.api_url, "--key", stack.api_key)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok  ") + done.stdout.count("slow") == 11
    assert "all is well" in done.stdout


def test_smoke_says_which_check_failed(stack: Stack, script: Script) -> None:
    done = script("smoke", "--url", stack.api_url, "--key", "wrong")

    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert "create a user: 403 instead of 201" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "http://127.0.0.1:9/Prod", "--key", "k"], "nobody answers"),
        (["--url", "http://x"], "needs its API key"),
    ],
)
def test_smoke_without_an_answer_or_a_key_says_what_to_do(script: Script, arguments: list[str], message: str) -> None:
    done = script("smoke", *arguments)

    assert done.returncode == 1
    assert message in done.stderr
    assert "what to do" in done.stderr
