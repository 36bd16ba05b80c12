"""API Gateway's data plane: which stages there are, and what becomes of a request to one of them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from windtunnel.apigateway.access_log import LogSink
from windtunnel.apigateway.addresses import Address, host_name
from windtunnel.apigateway.authorization import answers
from windtunnel.apigateway.cognito import FetchKeys
from windtunnel.apigateway.context import Outcome, context_variables
from windtunnel.apigateway.definition import Keys, keys_from_document, stage_from_document
from windtunnel.apigateway.gateway_responses import error_response
from windtunnel.apigateway.incoming import MAX_BODY, TOO_LONG, TOO_LONG_TYPE, incoming
from windtunnel.apigateway.metrics import MetricSink
from windtunnel.apigateway.pipeline import Answer, Pipeline
from windtunnel.apigateway.plan import NO_KEYS, StagePlan, stage_plan
from windtunnel.apigateway.request import Request
from windtunnel.apigateway.throttle import Throttles
from windtunnel.apigateway.usage import UsageLedger
from windtunnel.files import write_whole
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.http.client import Client
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, ClientGone, Exchange

LOG = logging.getLogger(__name__)
SAVE_SECONDS = 1.0
"""How often what was used of quotas is written down."""


class Sink(LogSink, MetricSink, Protocol):
    """Where access logs and metrics go: never waits."""


class ApiGateway:
    """All published stages. `start()` and `close()` inside the running loop; what was used survives a restart."""

    def __init__(
        self,
        *,
        functions: FunctionsPlane,
        telemetry: Sink,
        backplane: Client,
        user_pool_keys: FetchKeys,
        usage_path: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._telemetry = telemetry
        self._backplane = backplane
        self._usage_path = usage_path
        self._clock = clock
        self._ledger = UsageLedger()
        self._kept = answers(functions, user_pool_keys, clock)
        self._throttles = Throttles()
        self._pipeline = Pipeline(self._throttles, self._ledger, clock)
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._keys: dict[tuple[str, str], Keys] = {}
        self._plans: dict[tuple[str, str], StagePlan] = {}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._saved = ""

    # --- what is served -------------------------------------------------------------------------------------------

    def apply(self, key: str, document: Mapping[str, Any] | None) -> None:
        """A publication `stage/account/region/api/stage` or `keys/account/region`; None: it is gone.

        Raises KeyError, TypeError or ValueError where the document is no such definition.
        """
        kind, account, region, *rest = key.split("/")
        if kind == "keys":
            self._apply_keys((account, region), document)
            return
        api_id, stage_name = rest[0].lower(), rest[1]
        if document is None:
            self._plans.pop((api_id, stage_name), None)
            return
        stage = stage_from_document(document)
        keys = self._keys.get((account, region), NO_KEYS)
        self._plans[api_id, stage_name] = stage_plan(stage, keys, self._kept, self._backplane)

    def _apply_keys(self, owner: tuple[str, str], document: Mapping[str, Any] | None) -> None:
        keys = keys_from_document(document) if document is not None else NO_KEYS
        self._keys[owner] = keys
        self._ledger.retain([plan for known in self._keys.values() for plan in known.plans])
        for plan in self._plans.values():
            if (plan.stage.account, plan.stage.region) == owner:
                plan.take_keys(keys)

    def knows(self, api_id: str, stage: str) -> bool:
        """Whether the stage is served here."""
        return (api_id, stage) in self._plans

    def usage(self, plan_id: str, start: str, end: str) -> Mapping[str, Any]:
        """GetUsage's items: by key id, a [used, remaining] for each day from `start` to `end`."""
        return self._ledger.used(plan_id, date.fromisoformat(start), date.fromisoformat(end))

    # --- a request ------------------------------------------------------------------------------------------------

    def handle(self, exchange: Exchange, address: Address) -> None:
        """Answer a request to a stage that knows() knows."""
        plan = self._plans[address.api_id, address.stage]
        task = asyncio.Task(self._answer(plan, exchange, address), loop=self._loop, eager_start=True)
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, plan: StagePlan, exchange: Exchange, address: Address) -> None:
        try:
            try:
                body = exchange.buffered() if exchange.complete else await exchange.body(MAX_BODY)
                if len(body) > MAX_BODY:
                    raise BodyTooLarge
            except BodyTooLarge:
                exchange.respond(413, [(b"Content-Type", TOO_LONG_TYPE)], TOO_LONG)
                return
            request = incoming(
                plan.stage,
                exchange.method,
                (address.path, address.full_path, address.query),
                exchange.headers,
                body,
                exchange.peer,
                host_name(exchange.lowered.get(b"host", b"")),
                exchange.local_port,
                exchange.http10,
                self._clock(),
                address.base_path,
            )
            answer = await self._pipeline.run(plan, request)
            response = answer.response or self._error(plan, request, answer)
            assert isinstance(response.body, bytes)
            exchange.respond(response.status, response.headers, response.body)
            self._observe(plan, request, answer, response, (self._loop.time() - exchange.received) * 1000)
        except ClientGone:
            exchange.abort()
        except Exception:
            LOG.exception("%s %r", exchange.method, exchange.target)
            if not exchange.answered:
                exchange.respond(500, [(b"Content-Type", b"application/json")], b'{"message": "Internal server error"}')

    def _error(self, plan: StagePlan, request: Request, answer: Answer) -> Response:
        assert answer.error
        if answer.error.reason:
            LOG.warning("%s %s%s: %s", request.http_method, plan.stage.api_id, request.full_path, answer.error.reason)
        variables = context_variables(request, answer.match, answer.authorization, answer.caller, _outcome(answer))
        return error_response(answer.error, plan.stage, request, variables, answer.match)

    def _observe(
        self, plan: StagePlan, request: Request, answer: Answer, response: Response, latency_ms: float
    ) -> None:
        """Count the request and log it, for CloudWatch to have some time later."""
        integration_ms = answer.integration.latency_ms if answer.integration else None
        plan.metrics.record(
            self._telemetry, response.status, latency_ms, integration_ms, answer.match.method if answer.match else None
        )
        if plan.access_log is not None:
            outcome = _outcome(answer, response, latency_ms)
            lookup = context_variables(request, answer.match, answer.authorization, answer.caller, outcome)
            plan.access_log.write(self._telemetry, int(request.time * 1000), lookup)

    # --- what survives --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on with what was used before."""
        try:
            self._ledger = UsageLedger.from_document(json.loads(self._usage_path.read_text()))
            self._ledger.retain([plan for known in self._keys.values() for plan in known.plans])
            self._pipeline = Pipeline(self._throttles, self._ledger, self._clock)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            LOG.exception("%s cannot be read: quotas begin anew", self._usage_path)
        self._save_later()

    def _save_later(self) -> None:
        self._saver = self._loop.call_later(SAVE_SECONDS, self._save)

    def _save(self) -> None:
        self.save()
        self._save_later()

    def save(self) -> None:
        """Write down what was used, where it changed."""
        text = json.dumps(self._ledger.to_document())
        if text == self._saved:
            return
        write_whole(self._usage_path, text)
        self._saved = text

    async def close(self) -> None:
        """Write down what was used for the last time."""
        self._saver.cancel()
        self.save()


def _outcome(answer: Answer, response: Response | None = None, latency_ms: float = 0.0) -> Outcome:
    integration = answer.integration
    return Outcome(
        status=response.status if response else answer.error.kind.status if answer.error else 200,
        response_length=len(response.body) if response and isinstance(response.body, bytes) else 0,
        response_latency_ms=round(latency_ms),
        integration_status=integration.status if integration else None,
        integration_latency_ms=round(integration.latency_ms) if integration else None,
        integration_request_id=integration.request_id if integration else None,
        error=answer.error,
        integration_response_status=integration.answered if integration else None,
        integration_error=integration.error if integration else None,
    )
