"""The handlers over their real layers, with a table in memory."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from proxy_integration.entry_point import entry_point
from users.logic import Users

if TYPE_CHECKING:
    from tests.unit.app.conftest import FakeContext, Log
    from tests.unit.app.users.conftest import FakeTable

ADA = {"name": "Ada", "email": "ada@example.com", "age": 36}
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
ONE = "/users/{userId}"

type Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(
    function_environment: None,
    proxy_event: Callable[..., dict[str, Any]],
    context: FakeContext,
    log: Log,
    users: Users,
) -> Call:
    """Sends an event to the handler of a name; its status and its body."""

    def send(name: str, method: str, resource: str = "/users", **event: Any) -> tuple[int, Any]:
        route = getattr(importlib.import_module(f"users.handlers.{name}"), name)
        handler: Any = entry_point(lambda request: route(request, users), logger=log.logger, allow_origin="*")
        answer = handler(proxy_event(method, resource, **event), context)
        assert (
            answer["headers"].items()
            >= {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}.items()
        )
        if "ETag" in answer["headers"]:
            assert answer["headers"]["ETag"] == f'"{json.loads(answer["body"])["version"]}"'
            assert answer["headers"]["Access-Control-Expose-Headers"] == "ETag"
        return answer["statusCode"], json.loads(answer["body"])

    return send


def test_the_life_of_a_user(call: Call) -> None:
    created = call("create_user", "POST", body=json.dumps(ADA))
    path = {"userId": created[1]["userId"]}
    changed = json.dumps({**ADA, "name": "Ada King"})

    assert created[0] == 201
    assert call("get_user", "GET", ONE, path=path) == (200, created[1])
    assert call("list_users", "GET") == (200, {"users": [created[1]]})
    updated = call("update_user", "PUT", ONE, path=path, body=changed)
    assert (updated[0], updated[1]["name"]) == (200, "Ada King")
    assert call("delete_user", "DELETE", ONE, path=path) == (200, updated[1])
    assert call("get_user", "GET", ONE, path=path) == (404, {"message": f"User {path['userId']} not found"})


def test_a_user_that_was_created_is_counted_and_one_that_was_refused_is_not(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    call("create_user", "POST", body=json.dumps(ADA))
    call("create_user", "POST", body="{}")

    (line,) = capsys.readouterr().out.splitlines()
    (directive,) = json.loads(line)["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("shop", [["service"]])
    assert json.loads(line).items() >= {"service": "users", "UserCreated": [1.0]}.items()


@pytest.mark.parametrize(("name", "method"), [("create_user", "POST"), ("update_user", "PUT")])
def test_a_wrong_body_is_a_400_with_the_fields(call: Call, name: str, method: str) -> None:
    status, body = call(name, method, ONE, path={"userId": NOBODY}, body='{"email": "ada", "age": true}')

    assert (status, body["message"]) == (400, "Validation failed")
    assert [error["field"] for error in body["errors"]] == ["name", "email", "age"]


@pytest.mark.parametrize(("name", "method"), [("create_user", "POST"), ("update_user", "PUT")])
@pytest.mark.parametrize("body", [None, "{", "[]"])
def test_a_body_that_is_no_json_object_is_a_400(call: Call, name: str, method: str, body: str | None) -> None:
    assert call(name, method, ONE, path={"userId": NOBODY}, body=body)[0] == 400


def test_a_change_of_another_version_is_a_412(call: Call) -> None:
    user = call("create_user", "POST", body=json.dumps(ADA))[1]
    path = {"userId": user["userId"]}
    mine: dict[str, Any] = {"path": path, "headers": {"If-Match": '"1"'}}

    first = call("update_user", "PUT", ONE, body=json.dumps({**ADA, "name": "first"}), **mine)
    second = call("update_user", "PUT", ONE, body=json.dumps({**ADA, "name": "second"}), **mine)
    deleted = call("delete_user", "DELETE", ONE, **mine)

    assert (first[0], first[1]["version"]) == (200, 2)
    assert second == deleted == (412, {"message": f"User {path['userId']} is at version 2 now: read it again"})
    assert call("get_user", "GET", ONE, path=path)[1]["name"] == "first"


def test_users_are_found_by_their_email(call: Call) -> None:
    for email in ("ada@example.com", "ada@example.com", "grace@example.com"):
        call("create_user", "POST", body=json.dumps({**ADA, "email": email}))

    status, page = call("list_users", "GET", query={"email": "ada@example.com", "limit": "1"})
    rest = call("list_users", "GET", query={"email": "ada@example.com", "nextToken": page["nextToken"]})[1]

    assert status == 200
    assert [user["email"] for user in page["users"] + rest["users"]] == ["ada@example.com"] * 2


def test_a_wrong_query_is_a_400(call: Call) -> None:
    status, body = call("list_users", "GET", query={"limit": "0"})

    assert (status, body["errors"][0]["field"]) == (400, "limit")


@pytest.mark.parametrize(
    ("name", "method", "event"),
    [
        ("create_user", "POST", {"body": json.dumps(ADA)}),
        ("list_users", "GET", {}),
        ("get_user", "GET", {"path": {"userId": NOBODY}}),
        ("update_user", "PUT", {"path": {"userId": NOBODY}, "body": json.dumps(ADA)}),
        ("delete_user", "DELETE", {"path": {"userId": NOBODY}}),
    ],
)
def test_a_failing_table_is_a_plain_500(
    call: Call, fake_table: FakeTable, log: Log, name: str, method: str, event: dict[str, Any]
) -> None:
    fake_table.failure = "InternalServerError"
    if event.get("path"):
        fake_table.items[NOBODY] = {"userId": NOBODY}

    assert call(name, method, ONE if event.get("path") else "/users", **event) == (
        500,
        {"message": "Internal server error"},
    )
    assert "InternalServerError" in log.lines()[0]["exception"]


@pytest.mark.parametrize(
    ("name", "method", "event", "status"),
    [
        ("create_user", "POST", {"body": "{"}, 400),
        ("list_users", "GET", {"query": {"limit": "0"}}, 400),
        ("get_user", "GET", {"path": {"userId": "5"}}, 404),
        ("update_user", "PUT", {"path": {"userId": "5"}, "body": "{"}, 400),
        ("delete_user", "DELETE", {"path": {"userId": "5"}}, 404),
        ("admin_list_users", "GET", {"api_key_id": "key2"}, 403),
        ("admin_list_users", "GET", {"api_key_id": "key1", "query": {"limit": "0"}}, 400),
        ("create_user", "POST", {"body": json.dumps(ADA), "headers": {"idempotency-KEY": "x" * 256}}, 400),
    ],
)
def test_what_lambda_calls_is_wired(
    function_environment: None,
    proxy_event: Callable[..., dict[str, Any]],
    context: FakeContext,
    name: str,
    method: str,
    event: dict[str, Any],
    status: int,
) -> None:
    """With requests that are refused before they reach a table, since here the table is DynamoDB's."""
    handler = importlib.import_module(f"users.handlers.{name}").handler

    answer = handler(proxy_event(method, ONE if event.get("path") else "/users", **event), context)

    assert answer["statusCode"] == status
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
