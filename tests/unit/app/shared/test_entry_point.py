from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from proxy_integration.entry_point import entry_point
from proxy_integration.errors import ApplicationError, FieldError, InvalidRequest, NotFound, validation_failed
from proxy_integration.response import Response

if TYPE_CHECKING:
    from tests.unit.app.conftest import FakeContext, Log

type Invoke = Callable[[Callable[..., Response]], dict[str, Any]]


@pytest.fixture
def invoke(proxy_event: Callable[..., dict[str, Any]], context: FakeContext, log: Log) -> Invoke:
    """What API Gateway gets from a function that answers like this."""

    def call(respond: Callable[..., Response]) -> dict[str, Any]:
        handler: Any = entry_point(respond, logger=log.logger, allow_origin="https://app.example.com")
        answer: dict[str, Any] = handler(proxy_event("GET", "/users/{userId}", path={"userId": "7"}), context)
        return answer

    return call


def raising(error: Exception) -> Callable[..., Response]:
    def respond(_request: object) -> Response:
        raise error

    return respond


def test_an_answer_is_json_with_cors(invoke: Invoke) -> None:
    answer = invoke(lambda _: Response(201, {"age": Decimal("36")}))

    assert answer == {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "Access-Control-Allow-Origin": "https://app.example.com"},
        "body": '{"age": 36}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (NotFound("User 7 not found"), 404, {"message": "User 7 not found"}),
        (InvalidRequest("no"), 400, {"message": "no"}),
        (
            validation_failed([FieldError("age", "is odd")]),
            400,
            {"message": "Validation failed", "errors": [{"field": "age", "message": "is odd"}]},
        ),
    ],
)
def test_an_error_of_the_application_is_its_answer(
    invoke: Invoke, log: Log, error: Exception, status: int, body: object
) -> None:
    answer = invoke(raising(error))

    assert (answer["statusCode"], json.loads(answer["body"])) == (status, body)
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert [(line["level"], line["status"], line["reason"]) for line in log.lines()] == [("INFO", status, str(error))]


def test_every_error_of_the_application_has_a_status(invoke: Invoke) -> None:
    kinds = ApplicationError.__subclasses__()

    assert all(400 <= invoke(raising(kind("no")))["statusCode"] < 500 for kind in kinds)


@pytest.mark.parametrize("respond", [raising(ZeroDivisionError("secret")), lambda _: Response(200, object())])
def test_what_nobody_expected_is_a_plain_500_and_a_traceback_in_the_log(
    invoke: Invoke, log: Log, respond: Callable[..., Response]
) -> None:
    answer = invoke(respond)

    assert (answer["statusCode"], json.loads(answer["body"])) == (500, {"message": "Internal server error"})
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://app.example.com"
    error = log.lines()[0]
    assert error["level"] == "ERROR"
    assert "Traceback" in error["exception"]
    assert error["exception_name"] in ("ZeroDivisionError", "TypeError")


def test_an_event_of_another_source_is_a_500(context: FakeContext, log: Log) -> None:
    handler: Any = entry_point(lambda _: Response(200, {}), logger=log.logger, allow_origin="*")

    assert handler({"Records": []}, context)["statusCode"] == 500


def test_each_answer_is_one_structured_line(invoke: Invoke, log: Log) -> None:
    invoke(lambda _: Response(200, {}))

    (line,) = log.lines()
    expected = {
        "level": "INFO",
        "message": "answered",
        "method": "GET",
        "resource": "/users/{userId}",
        "path": "/users/7",
        "status": 200,
        "correlation_id": "the-api-request",
        "function_request_id": "the-lambda-request",
    }
    assert {name: line[name] for name in expected} == expected
