"""What answers a method: a function through Lambda proxy, a mock, or for other kinds the backplane's own gateway."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass

from windtunnel.apigateway.definition import Integration, Method, Stage
from windtunnel.apigateway.errors import (
    API_CONFIGURATION_ERROR,
    BAD_GATEWAY,
    INTEGRATION_FAILURE,
    INTEGRATION_TIMEOUT,
    REQUEST_TOO_LARGE,
    GatewayError,
    IntegrationOutcome,
)
from windtunnel.apigateway.event import EventBuilder
from windtunnel.apigateway.mock import mock_response
from windtunnel.apigateway.permission import may_invoke, method_source_arn
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.response import proxy_response
from windtunnel.functions.invoke_error import InvokeError, NoSuchFunction
from windtunnel.functions.plane import FunctionsPlane, Result, Target
from windtunnel.http.client import Client
from windtunnel.http.messages import Response
from windtunnel.http.upstream import UpstreamBroken, UpstreamUnreachable

LAMBDA_URI = re.compile(r"^arn:[^:]+:apigateway:[^:]*:lambda:path/2015-03-31/functions/(.+)/invocations$")
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
NOT_PASSED = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "upgrade"})
NOT_PASSED_BACK = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"date"})


@dataclass(frozen=True, slots=True)
class Integrated:
    """What a method is answered with, and how its integration fared."""

    response: Response
    outcome: IntegrationOutcome


class LambdaProxy:
    """A function behind a method. The permission to invoke it is looked up once per publication."""

    def __init__(self, stage: Stage, method: Method, integration: Integration, functions: FunctionsPlane) -> None:
        self._stage = stage
        self._functions = functions
        self._builder = EventBuilder(stage, method)
        self._credentials = integration.credentials
        self._timeout = integration.timeout_ms / 1000
        uri = STAGE_VARIABLE.sub(lambda found: stage.variables.get(found[1], ""), integration.uri)
        matched = LAMBDA_URI.match(uri)
        self._arn = matched[1] if matched else ""
        self._source_arn = method_source_arn(stage, method)
        self._target: Target | None = None
        self._permitted = False
        """Whether API Gateway may invoke that target."""

    @staticmethod
    def serves(integration: Integration) -> bool:
        """Whether an AWS_PROXY integration is one of a Lambda function."""
        return LAMBDA_URI.match(integration.uri) is not None

    async def answer(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> Integrated:
        """Invoke the function and read its answer. Raises GatewayError."""
        target = self._find()
        if target is None:
            raise GatewayError(
                API_CONFIGURATION_ERROR,
                "Internal server error",
                reason=f"{self._arn or 'the integration'} cannot be invoked: no such function, or no permission for"
                f" {self._source_arn}",
            )
        event = self._builder.build(request, match, authorization, caller)
        started = time.perf_counter()
        result = await self._invoke(target, event, request.trace_id)
        latency = (time.perf_counter() - started) * 1000
        try:
            if result.error:
                raise GatewayError(BAD_GATEWAY, "Internal server error", reason=f"the function failed: {result.error}")
            response = proxy_response(result.payload, request, match)
        except GatewayError as error:
            error.integration = IntegrationOutcome(200, latency, result.request_id, error=error.reason)
            raise
        return Integrated(response, IntegrationOutcome(200, latency, result.request_id, response.status))

    def _find(self) -> Target | None:
        """The function, where it is there and may be invoked: the same object until something is published."""
        functions, stage = self._functions, self._stage
        try:
            target = functions.find(self._arn, account=stage.account, region=stage.region)
        except NoSuchFunction:
            return None
        if target is not self._target:
            self._target = target
            # a role of the integration's own is LocalStack's to check, as every role is
            self._permitted = bool(self._credentials) or may_invoke(
                target.policy, target.arn, self._source_arn, stage.account
            )
        return target if self._permitted else None

    async def _invoke(self, target: Target, event: bytes, trace_id: str) -> Result:
        """The function's result. One that outlasts the integration's timeout goes on by itself, as on AWS."""
        loop = asyncio.get_running_loop()
        task = asyncio.Task(self._functions.invoke(target, event, trace_id=trace_id), loop=loop, eager_start=True)
        if not task.done():
            waiter = loop.create_future()
            timer = loop.call_later(self._timeout, _wake, waiter)
            task.add_done_callback(lambda _task: _wake(waiter))
            await waiter
            timer.cancel()
            if not task.done():
                raise GatewayError(INTEGRATION_TIMEOUT, "Endpoint request timed out")
        try:
            return task.result()
        except InvokeError as refusal:
            raise _refused(refusal) from refusal


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _refused(refusal: InvokeError) -> GatewayError:
    """Lambda did not run the function. A throttled one is an internal error of the API, as AWS has it.

    Sources: AWS re:Post, "API Gateway proxy integration does not forward Lambda throttling"; for a request over 6 MB
    recorded: koki-develop/lgtm-generator issue 10.
    """
    if refusal.status == 413:
        return GatewayError(REQUEST_TOO_LARGE, "Request Too Long", reason=str(refusal))
    return GatewayError(API_CONFIGURATION_ERROR, "Internal server error", reason=f"{refusal.type}: {refusal}")


class Mock:
    """API Gateway's own answer."""

    async def answer(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> Integrated:
        """Answer by templates only."""
        started = time.perf_counter()
        response = mock_response(request, match, authorization, caller)
        return Integrated(response, IntegrationOutcome(200, (time.perf_counter() - started) * 1000))


class Backplane:
    """An integration of another kind (AWS, HTTP, HTTP_PROXY): LocalStack's own gateway serves the method."""

    def __init__(self, stage: Stage, integration: Integration, client: Client) -> None:
        self._prefix = f"/_aws/execute-api/{stage.api_id}/{stage.stage_name}"
        self._client = client
        self._timeout = integration.timeout_ms / 1000

    async def answer(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> Integrated:
        """Pass the request on as it came, its body included."""
        query = f"?{request.query}" if request.query else ""
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers
            if name.lower() not in NOT_PASSED
        ]
        started = time.perf_counter()
        try:
            reply = await self._client.request(
                request.http_method,
                f"{self._prefix}{request.path}{query}".encode("latin-1"),
                headers,
                request.body,
                timeout=self._timeout,
            )
        except TimeoutError as error:
            raise GatewayError(INTEGRATION_TIMEOUT, "Endpoint request timed out") from error
        except (UpstreamBroken, UpstreamUnreachable) as error:
            raise GatewayError(INTEGRATION_FAILURE, "Internal server error", reason=str(error)) from error
        latency = (time.perf_counter() - started) * 1000
        answered = [header for header in reply.headers if header[0].lower() not in NOT_PASSED_BACK]
        return Integrated(
            Response(reply.status, answered, reply.body),
            IntegrationOutcome(reply.status, latency, answered=reply.status),
        )
