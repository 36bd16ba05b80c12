"""Access log lines, by API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs in API Gateway" (its
examples of formats) and "Variables for access logging for API Gateway"; and by lines that AWS wrote ("recorded"):
GitHub issue DataBiosphere/azul#4348, comments of July 2024.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from windtunnel.apigateway.access_log import AccessLogFormat, access_logger
from windtunnel.apigateway.definition import Stage, stage_from_document

REQUEST: dict[str, object | None] = {
    "requestId": "8f9c2d2e-1f0e-4f0c-9a9a-0a4e0b6e8d11",
    "extendedRequestId": "YkXxFGd3IAMEbHQ=",
    "identity.sourceIp": "127.0.0.1",
    "identity.caller": None,
    "identity.user": None,
    "identity.userAgent": "curl/8.5.0",
    "requestTime": "21/Nov/2026:10:00:00 +0000",
    "requestTimeEpoch": 1795255200123,
    "httpMethod": "GET",
    "resourcePath": "/users/{userId}",
    "protocol": "HTTP/1.1",
    "status": 200,
    "responseLength": 42,
    "error.message": None,
    "integration.status": 200,
}


def line(format: str, **more: object) -> str:
    values = REQUEST | {name.replace("__", "."): value for name, value in more.items()}
    return AccessLogFormat(format).line(values.get)


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        pytest.param(
            '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "'
            '$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength '
            "$context.requestId",
            '127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /users/{userId} HTTP/1.1" 200 42 '
            "8f9c2d2e-1f0e-4f0c-9a9a-0a4e0b6e8d11",
            id="CLF",
        ),
        pytest.param(
            '{ "requestId":"$context.requestId", "caller":"$context.identity.caller", "status":"$context.status" }',
            '{ "requestId":"8f9c2d2e-1f0e-4f0c-9a9a-0a4e0b6e8d11", "caller":"-", "status":"200" }',
            id="JSON",
        ),
        pytest.param(
            '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> </request>',
            '<request id="8f9c2d2e-1f0e-4f0c-9a9a-0a4e0b6e8d11"> <ip>127.0.0.1</ip> </request>',
            id="XML",
        ),
        pytest.param(
            "$context.identity.sourceIp,$context.identity.caller,$context.requestTime,$context.status",
            "127.0.0.1,-,21/Nov/2026:10:00:00 +0000,200",
            id="CSV",
        ),
    ],
)
def test_the_documented_formats(format: str, expected: str) -> None:
    assert line(format) == expected


def test_a_variable_that_has_nothing_is_a_dash() -> None:
    # recorded: "identity_user": "-", "integration_error": "-", "routeKey": "-"
    assert line("$context.identity.user $context.integration.error $context.no.such $context.status") == "- - - 200"
    assert line("$context.error.validationErrorString", error__validationErrorString="") == "-"


def test_quotes_and_backslashes_are_escaped_as_in_json() -> None:
    # recorded: the value below came as identity_userAgent, as it is expected here
    agent = '""\\"This is a special user-agent\\"""'

    written = line('{"identity_userAgent": "$context.identity.userAgent"}', identity__userAgent=agent)

    assert written == r'{"identity_userAgent": "\"\"\\\"This is a special user-agent\\\"\"\""}'
    assert json.loads(written) == {"identity_userAgent": agent}


def test_a_line_stays_one_line() -> None:
    """UpdateStage: "Access Log format must be single line, new line character is allowed only at end of the format"."""
    assert line("$context.identity.userAgent\n", identity__userAgent="a\r\nb\tc") == r"a\r\nb\tc" + "\n"


def test_the_message_string_is_the_quoted_message() -> None:
    message = 'Missing required request parameters: ["q"]'

    assert line("$context.error.messageString", error__message="Forbidden") == '"Forbidden"'
    assert json.loads(line('{"m": $context.error.messageString}', error__message=message)) == {"m": message}
    assert line("$context.error.messageString") == "-"


@pytest.mark.parametrize(
    ("value", "expected"), [("value", "value"), (1, "1"), (True, "true"), (False, "false"), (1.5, "1.5"), (0, "0")]
)
def test_an_authorizers_values_are_written_as_strings(value: object, expected: str) -> None:
    # "calling $context.authorizer.key returns the "value" string, calling $context.authorizer.numKey returns the "1"
    # string, and calling $context.authorizer.boolKey returns the "true" string"
    assert line("$context.authorizer.key", authorizer__key=value) == expected


def test_a_map_is_nothing() -> None:
    # "Calling $context.authorizer.claims returns null"
    claims = {"sub": "1"}

    written = line(
        "$context.authorizer.claims $context.authorizer.claims.sub",
        authorizer__claims=claims,
        authorizer__claims__sub="1",
    )

    assert written == "- 1"


def test_only_what_is_a_variable_is_replaced() -> None:
    text = "100 % of $context and $input.body, ${context.status} $stageVariables.x $Context.status %s %(a)s {0}"

    assert line(text) == text
    assert line("$context.status. $context.status-$context.status%") == "200. 200-200%"
    assert AccessLogFormat("").line(REQUEST.get) == ""


def test_the_names_say_what_is_looked_up() -> None:
    names = AccessLogFormat("$context.status $context.identity.sourceIp").names

    assert names == ("status", "identity.sourceIp")


class Sink:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[tuple[Any, ...]] = []

    def write(self, *event: Any) -> None:
        self.written.append(event)


def stage(**access_log: str) -> Stage:
    return stage_from_document(
        {
            "account": "000000000000",
            "region": "eu-west-1",
            "restApi": {"id": "abc123", "name": "api"},
            "stage": {"stageName": "Prod", "accessLogSettings": access_log},
        }
    )


@pytest.mark.parametrize("end", ["", ":*"])
def test_lines_go_to_the_log_group_of_the_destination(end: str) -> None:
    arn = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/apigateway/my-api" + end
    logger, sink = access_logger(stage(destinationArn=arn, format="$context.requestId")), Sink()
    assert logger

    logger.write(sink, 17, {"requestId": "r"}.get)

    ((account, region, group, stream, *event),) = sink.written
    assert (account, region, group, event) == ("111122223333", "us-east-1", "/aws/apigateway/my-api", [17, "r"])
    assert re.fullmatch("[0-9a-f]{32}", stream)  # recorded: 985fd7f9b554635b015267ebfe11868d


def test_a_stage_without_access_logs_has_no_logger(caplog: pytest.LogCaptureFixture) -> None:
    assert access_logger(stage()) is None
    assert not caplog.records


def test_a_destination_that_is_no_log_group_is_said(caplog: pytest.LogCaptureFixture) -> None:
    arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/amazon-apigateway-x"

    assert access_logger(stage(destinationArn=arn, format="$context.requestId")) is None

    assert "abc123/Prod logs no accesses" in caplog.text
    assert arn in caplog.text
