"""API Gateway Developer Guide, "Input to" and "Output from an API Gateway Lambda authorizer"; AWS knowledge
center, "How do I troubleshoot HTTP 403 errors when using a Lambda authorizer"."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from windtunnel.apigateway.authorizer_cache import AuthorizerCache
from windtunnel.apigateway.authorizer_result import AuthorizerResult
from windtunnel.apigateway.definition import Authorizer, Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.lambda_authorizer import AuthorizerFailure, LambdaAuthorizer, function_arn
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:authorizer"
ARN = "arn:aws:execute-api:us-east-1:111122223333:s4x3opwd6i/test/GET/users/1"
TOKEN = {"Authorization": "Bearer abc"}


class Events:
    """A proxy event with some of its keys."""

    def build(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> bytes:
        assert (authorization, caller) == (Authorization(), Caller())
        event = {
            "resource": match.method.resource_path,
            "path": request.path,
            "httpMethod": request.http_method,
            "headers": dict(request.headers),
            "multiValueHeaders": {name: [value] for name, value in request.headers},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": match.path_parameters,
            "stageVariables": None,
            "requestContext": {"stage": "test", "identity": {"sourceIp": request.source_ip}},
            "body": "secret",
            "isBase64Encoded": False,
        }
        return json.dumps(event).encode()


@dataclass
class Function:
    """An authorizer function that takes a tenth of a second, and its clock."""

    answer: object
    events: list[Any] = field(default_factory=list)
    now: float = 0.0

    async def invoke(self, arn: str, event: bytes) -> bytes | AuthorizerFailure:
        assert arn == FUNCTION
        self.events.append(json.loads(event))
        self.now += 0.1
        if isinstance(self.answer, bytes | AuthorizerFailure):
            return self.answer
        return json.dumps(self.answer).encode()

    def clock(self) -> float:
        return self.now


def result(*resources: str, effect: str = "Allow", **given: Any) -> dict[str, Any]:
    statements = [
        {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource} for resource in resources or (ARN,)
    ]
    return {"principalId": "user", "policyDocument": {"Version": "2012-10-17", "Statement": statements}, **given}


@dataclass
class Gateway:
    """An authorizer, and a cache, asked about requests."""

    authorizer: LambdaAuthorizer
    request: Callable[..., Request]
    match: Callable[..., Match]
    cache: AuthorizerCache[AuthorizerResult] = field(default_factory=AuthorizerCache)

    def ask(
        self,
        function: Function,
        headers: dict[str, str] | None = None,
        *,
        allowed_by_policy: bool = False,
        **given: Any,
    ) -> Authorization:
        request = self.request(TOKEN if headers is None else headers, **given)
        return asyncio.run(
            self.authorizer.authorize(
                request,
                self.match(),
                function.invoke,
                self.cache,
                function.clock,
                allowed_by_policy=allowed_by_policy,
            )
        )

    def refusal(self, function: Function, headers: dict[str, str] | None = None, **given: Any) -> tuple[Any, ...]:
        with pytest.raises(GatewayError) as caught:
            self.ask(function, headers, **given)
        return caught.value.kind.status, caught.value.kind.exception, caught.value.message


@pytest.fixture
def make_gateway(
    make_stage: Callable[..., Stage],
    make_authorizer: Callable[..., Authorizer],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> Callable[..., Gateway]:
    def make(**given: Any) -> Gateway:
        authorizer = LambdaAuthorizer(make_stage(), make_authorizer(**given), Events())
        return Gateway(authorizer, make_request, make_match)

    return make


UNAUTHORIZED = (401, "UnauthorizedException", "Unauthorized")
CONFIGURATION = (500, "AuthorizerConfigurationException", None)
"""Recorded: 500 {"message":null}, x-amzn-ErrorType: AuthorizerConfigurationException."""
DENIED = (403, "AccessDeniedException", "User is not authorized to access this resource")
EXPLICITLY = (*DENIED[:2], DENIED[2] + " with an explicit deny")


def test_a_token_authorizer_is_asked_with_the_token_and_the_methods_arn(make_gateway: Callable[..., Gateway]) -> None:
    function = Function(result())

    authorization = make_gateway().ask(function)

    assert function.events == [{"type": "TOKEN", "authorizationToken": "Bearer abc", "methodArn": ARN}]
    assert authorization == Authorization("user", {"principalId": "user"}, None, 100)


def test_a_request_authorizer_is_asked_with_the_request(make_gateway: Callable[..., Gateway]) -> None:
    # the documented example of "Input to an API Gateway Lambda authorizer": {} where a proxy event has null, no body
    function = Function(result())

    make_gateway(type="REQUEST", identity_source="method.request.header.Authorization").ask(function)

    assert function.events == [
        {
            "type": "REQUEST",
            "methodArn": ARN,
            "resource": "/users/{userId}",
            "path": "/users/1",
            "httpMethod": "GET",
            "headers": TOKEN,
            "multiValueHeaders": {"Authorization": ["Bearer abc"]},
            "queryStringParameters": {},
            "multiValueQueryStringParameters": {},
            "pathParameters": {"userId": "1"},
            "stageVariables": {},
            "requestContext": {"stage": "test", "identity": {"sourceIp": "192.0.2.7"}},
        }
    ]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"type": "REQUEST", "identity_source": "method.request.header.Authorization,method.request.querystring.q"},
        {"identity_source": ","},
    ],
)
def test_without_its_identity_a_request_is_unauthorized_and_no_function_called(
    given: dict[str, Any], make_gateway: Callable[..., Gateway]
) -> None:
    function = Function(result())

    assert make_gateway(**given).refusal(function, {"Authorization": ""}) == UNAUTHORIZED
    assert make_gateway(**given).refusal(function, {}) == UNAUTHORIZED
    assert function.events == []


def test_a_token_has_to_match_the_validation_expression(make_gateway: Callable[..., Gateway]) -> None:
    # "It will invoke the authorizer's Lambda function when there is a match. Otherwise, it will return a 401"
    function = Function(result())

    assert make_gateway(identity_validation="^x-").refusal(function) == UNAUTHORIZED
    # "The validation expression does not apply to the REQUEST authorizer"
    make_gateway(type="REQUEST", identity_validation="^x-").ask(function)

    assert len(function.events) == 1


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (result(effect="Deny"), EXPLICITLY),
        (result(ARN + "0"), DENIED),
        (result("arn:aws:execute-api:us-east-1:111122223333:s4x3opwd6i/*/PUT/*"), DENIED),
        (AuthorizerFailure("Unauthorized"), UNAUTHORIZED),
        (AuthorizerFailure("unauthorized"), CONFIGURATION),
        (AuthorizerFailure(""), CONFIGURATION),
        (b"no JSON", CONFIGURATION),
        ([], CONFIGURATION),
        ({"policyDocument": result()["policyDocument"]}, CONFIGURATION),
        (result(principalId=["user"]), CONFIGURATION),
        ({"principalId": "user"}, CONFIGURATION),
        (result(effect="Perhaps"), CONFIGURATION),
        (result(context=["a"]), CONFIGURATION),
        (result(context={"a": {"b": "c"}}), CONFIGURATION),
        (result(context={"a": ["b"]}), CONFIGURATION),
        (result(usageIdentifierKey=5), CONFIGURATION),
    ],
)
def test_refusals(answer: object, refusal: tuple[Any, ...], make_gateway: Callable[..., Gateway]) -> None:
    assert make_gateway().refusal(Function(answer)) == refusal


def test_the_context_is_told_as_text(make_gateway: Callable[..., Gateway]) -> None:
    # a recorded event has "numberKey": "123", "booleanKey": "true", "stringKey": "stringval", "principalId": "user"
    answer = result(context={"number": 123, "boolean": True, "string": "s", "none": None}, usageIdentifierKey="k")

    authorization = make_gateway().ask(Function(answer))

    assert list((authorization.context or {}).items()) == [
        ("number", "123"),
        ("boolean", "true"),
        ("string", "s"),
        ("principalId", "user"),
    ]
    assert authorization.usage_identifier_key == "k"


def test_a_refusal_knows_the_context_for_gateway_responses(make_gateway: Callable[..., Gateway]) -> None:
    with pytest.raises(GatewayError) as caught:
        make_gateway().ask(Function(result(effect="Deny", context={"why": "because"})))

    assert caught.value.authorizer == {"why": "because", "principalId": "user"}


def test_a_result_is_kept_for_its_identity_and_time(make_gateway: Callable[..., Gateway]) -> None:
    function, gateway = Function(result("*")), make_gateway(ttl=60)

    gateway.ask(function)
    kept = gateway.ask(function)
    gateway.ask(function, {"Authorization": "Bearer other"})
    function.now += 60
    gateway.ask(function)

    assert kept.latency_ms == 0
    assert [event["authorizationToken"][-3:] for event in function.events] == ["abc", "her", "abc"]


def test_a_kept_result_is_asked_about_each_method(make_gateway: Callable[..., Gateway]) -> None:
    # "Input to": the cached policy is for every method that uses the authorizer
    function, gateway = Function(result(ARN)), make_gateway()

    gateway.ask(function)

    assert gateway.refusal(function, path="/users/2") == DENIED
    assert gateway.refusal(function, http_method="PUT") == DENIED
    assert len(function.events) == 1


@pytest.mark.parametrize(
    "given", [{"ttl": 0}, {"type": "REQUEST", "identity_source": "", "ttl": 300}, {"type": "REQUEST", "ttl": 0}]
)
def test_nothing_is_kept_without_time_or_identity(given: dict[str, Any], make_gateway: Callable[..., Gateway]) -> None:
    function, gateway = Function(result()), make_gateway(**given)

    gateway.ask(function)
    gateway.ask(function)

    assert len(function.events) == 2


def test_failures_are_not_kept(make_gateway: Callable[..., Gateway]) -> None:
    function, gateway = Function(AuthorizerFailure("Unauthorized")), make_gateway()

    gateway.refusal(function)
    gateway.refusal(function)

    assert len(function.events) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(result("other"), "user"), (result(effect="Deny"), EXPLICITLY), (result(), "user")],
)
def test_the_apis_own_policy_allows_what_the_authorizer_is_silent_about(
    answer: object, outcome: object, make_gateway: Callable[..., Gateway]
) -> None:
    # Table A of "How API Gateway resource policies affect authorization workflow"
    gateway = make_gateway()

    if outcome == "user":
        assert gateway.ask(Function(answer), allowed_by_policy=True).principal_id == "user"
    else:
        assert gateway.refusal(Function(answer), allowed_by_policy=True) == outcome


def test_a_policy_may_have_conditions(make_gateway: Callable[..., Gateway]) -> None:
    answer = result()
    answer["policyDocument"]["Statement"][0]["Condition"] = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    gateway = make_gateway()

    assert gateway.ask(Function(answer)).principal_id == "user"
    assert gateway.refusal(Function(answer), source_ip="198.51.100.1") == DENIED


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"errorMessage": "Unauthorized", "errorType": "Exception"}', "Unauthorized"),
        (b'{"errorType": "Exception"}', ""),
        (b"[]", ""),
        (b"", ""),
    ],
)
def test_a_functions_error_is_read_as_lambda_has_it(payload: bytes, message: str) -> None:
    assert AuthorizerFailure.from_payload(payload) == AuthorizerFailure(message)


def test_a_uri_may_have_stage_variables(make_stage: Callable[..., Stage]) -> None:
    # "Using API Gateway stage variables": function:${stageVariables.functionName}
    prefix = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    uri = prefix + FUNCTION + ":${stageVariables.Var}${stageVariables.Other}/invocations"

    assert function_arn(uri, make_stage()) == FUNCTION + ":value"
    assert function_arn(FUNCTION, make_stage()) == FUNCTION
