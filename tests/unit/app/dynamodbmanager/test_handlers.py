"""The handler over its real layers."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from dynamodbmanager.logic import Manager
from proxy_integration.entry_point import entry_point

if TYPE_CHECKING:
    from tests.unit.app.conftest import FakeContext, Log
    from tests.unit.app.dynamodbmanager.conftest import FakeWire

TABLE = "lambda-apigateway"

type Post = Callable[[str | None], tuple[int, Any]]


@pytest.fixture
def post(
    function_environment: None,
    proxy_event: Callable[..., dict[str, Any]],
    context: FakeContext,
    log: Log,
    manager: Manager,
) -> Post:
    """Sends a body; the status and the body of the answer."""

    def send(body: str | None) -> tuple[int, Any]:
        route = importlib.import_module("dynamodbmanager.handlers.run_operation").run_operation
        handler: Any = entry_point(lambda request: route(request, manager), logger=log.logger, allow_origin="*")
        answer = handler(proxy_event("POST", "/dynamodbmanager", body=body), context)
        assert answer["headers"] == {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
        return answer["statusCode"], json.loads(answer["body"])

    return send


def test_a_result_is_a_200_with_plain_numbers(post: Post, wire: FakeWire) -> None:
    wire.answer = {
        "Items": [{"id": {"S": "1"}, "n": {"N": "5"}, "f": {"N": "1.25"}, "s": {"NS": ["2", "1"]}, "b": {"B": "AP8="}}],
        "Count": 1,
        "ScannedCount": 1,
    }

    assert post(json.dumps({"operation": "list", "tableName": TABLE, "payload": {}})) == (
        200,
        {"Items": [{"id": "1", "n": 5, "f": 1.25, "s": [1, 2], "b": "AP8="}], "Count": 1, "ScannedCount": 1},
    )


def test_ping_is_a_json_string(post: Post) -> None:
    assert post('{"operation": "ping"}') == (200, "pong")


@pytest.mark.parametrize("body", [None, "{", "[]", '{"operation": "drop"}', '{"operation": "read", "payload": {}}'])
def test_a_request_that_is_none_is_a_400(post: Post, body: str | None) -> None:
    status, answer = post(body)

    assert status == 400
    assert answer["message"]


def test_a_failing_table_is_a_plain_500(post: Post, wire: FakeWire, log: Log) -> None:
    wire.fail("ResourceNotFoundException", "gone")

    assert post(json.dumps({"operation": "list", "tableName": TABLE})) == (500, {"message": "Internal server error"})
    assert "ResourceNotFoundException" in log.lines()[0]["exception"]


def test_what_lambda_calls_is_wired(
    function_environment: None, proxy_event: Callable[..., dict[str, Any]], context: FakeContext
) -> None:
    handler = importlib.import_module("dynamodbmanager.handlers.run_operation").handler

    answer = handler(proxy_event("POST", "/dynamodbmanager", body='{"operation": "echo", "payload": 1.50}'), context)

    assert (answer["statusCode"], answer["body"]) == (200, "1.5")
