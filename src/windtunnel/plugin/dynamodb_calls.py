"""DynamoDB's data plane straight on moto's tables: the same state and answers as through LocalStack's gateway.

What takes the time there is not moto's work on a table but what is around it: a chain of handlers, a request parsed and
an answer serialised by AWS's model, twice, and moto's own dispatcher, which looks through its class for each call.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from windtunnel.plugin.localstack import (
    DynamoHandler,
    Request,
    RequestContext,
    Response,
    RESTError,
    aws_handlers,
    extract_access_key_id_from_auth_header,
    extract_region_from_auth_header,
    get_account_id_from_access_key_id,
    load_service,
    mark_account_as_visited,
    parse_response,
    parse_service_exception,
)

LOG = logging.getLogger(__name__)
OPERATIONS = MappingProxyType(
    {
        "BatchGetItem": "batch_get_item",
        "BatchWriteItem": "batch_write_item",
        "DeleteItem": "delete_item",
        "GetItem": "get_item",
        "PutItem": "put_item",
        "Query": "query",
        "Scan": "scan",
        "TransactGetItems": "transact_get_items",
        "TransactWriteItems": "transact_write_items",
        "UpdateItem": "update_item",
    }
)
"""Those that are answered here, and moto's names for them."""
WRITES = frozenset({"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
UNKNOWN_MEMBERS = MappingProxyType({"DeleteItem": "ConsumedCapacityUnits"})
"""What moto answers and AWS's model does not know: LocalStack leaves it out."""
SCOPES = 4096
"""Callers that are remembered."""
LOCK = threading.RLock()
"""moto looks at a condition and writes in two steps: one call at a time, as it would be without threads."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call comes to. `error`: AWS's name of it."""

    status: int
    body: bytes
    error: str = ""


def mend_concurrency() -> None:
    """Calls of LocalStack's own threads (pipes, state machines, CloudFormation) come between nobody's two steps."""
    call = DynamoHandler.call_action

    @functools.wraps(call)
    def call_action(self: Any) -> Any:
        with LOCK:
            return call(self)

    DynamoHandler.call_action = call_action


@dataclass
class DataPlane:
    """Answers calls of the data plane. For one thread."""

    callers: dict[bytes, Any] = field(default_factory=dict)
    """By credential scope, moto's handler with the caller's account and region in it; None where LocalStack is to
    find out who that is."""

    def caller(self, authorization: bytes) -> Any:
        """moto's handler for whoever signed so; None where that is for LocalStack's gateway to say."""
        start = authorization.find(b"Credential=")
        scope = authorization[: authorization.find(b",", start)] if start >= 0 else b""
        try:
            return self.callers[scope]
        except KeyError:
            pass
        if len(self.callers) >= SCOPES:
            self.callers.clear()
        caller = self.callers[scope] = _caller(scope + b",") if scope else None
        return caller

    def call(self, caller: Any, operation: str, request: Mapping[str, Any]) -> Outcome:
        """Do it. `request` is the call's JSON."""
        caller.body, caller.response_headers = request, {}
        try:
            with LOCK:
                answer = _method(operation, metered="ReturnConsumedCapacity" in request)(caller)
        except Exception as error:  # noqa: BLE001  a boundary: whatever moto raises is answered as LocalStack does
            return _failure(operation, error)
        if not isinstance(answer, str):
            status, headers, text = answer
            return _failure(operation, Response(text, status, headers))
        if operation in UNKNOWN_MEMBERS:
            known = json.loads(answer)
            known.pop(UNKNOWN_MEMBERS[operation], None)
            answer = json.dumps(known)
        return Outcome(200, answer.encode())


def _caller(authorization: bytes) -> Any:
    headers = {"Authorization": authorization.decode("latin-1")}
    key, region = extract_access_key_id_from_auth_header(headers), extract_region_from_auth_header(headers)
    if not key or region not in aws_handlers.rewrite_region.region_rewriter_strategy.available_regions:
        return None
    caller = DynamoHandler()
    caller.region, caller.current_account = region, get_account_id_from_access_key_id(key)
    mark_account_as_visited(caller.current_account, key, "dynamodb", region)
    return caller


@functools.cache
def _method(operation: str, *, metered: bool) -> Callable[[Any], Any]:
    """moto's method for it. Consumed capacity is added by a decorator, which reads and writes the answer once more."""
    method = getattr(DynamoHandler, OPERATIONS[operation])
    return method if metered else getattr(method, "__wrapped__", method)


def _failure(operation: str, error: Any) -> Outcome:
    """An error as LocalStack answers it, made by its own code: what moto raised, or its Response."""
    context = RequestContext(Request("POST", "/", headers={"Content-Type": "application/x-amz-json-1.0"}))
    context.service = load_service("dynamodb")
    context.operation, context.protocol = context.service.operation_model(operation), "json"
    if isinstance(error, RESTError):
        error = Response(error.description, error.code, dict(error.get_headers()))
    if isinstance(error, Response):
        parsed = parse_response(context.operation, context.protocol, error, include_response_metadata=False)
        error = parse_service_exception(error, parsed)
    else:
        aws_handlers.log_exception(None, error, context, None)
    answer = aws_handlers.handle_service_exception.create_exception_response(error, context)
    return Outcome(answer.status_code, answer.data, answer.headers["X-Amzn-Errortype"])
