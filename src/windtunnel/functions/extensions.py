"""The Extensions API (2020-01-01): what monitoring and secrets layers run beside a function.

Sources: AWS Lambda Developer Guide, "Lambda Extensions API"; AWS's runtime interface emulator, rapi/handler/agent*.go
for statuses, error types and words. An external extension is a program in /opt/extensions; an internal one registers
from the runtime's own process, and gets no SHUTDOWN.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from windtunnel.functions.runtime_error import Refusal, forbidden
from windtunnel.http.messages import Headers
from windtunnel.http.server import Exchange

if TYPE_CHECKING:
    from windtunnel.functions.runtime_api import Delivery

PREFIX = b"/2020-01-01/extension/"
LOGS, TELEMETRY = b"/2020-08-15/logs", b"/2022-07-01/telemetry"
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"
JSON: Headers = ((b"Content-Type", b"application/json"),)
ACCEPTED = b'{"status":"OK"}\n'
MOST = 10
"""Extensions that a function may have (AWS Lambda Developer Guide, "Lambda Extensions API")."""
SHUTDOWN_SECONDS = 2.0
STARTED, REGISTERED, READY, RUNNING = "Started", "Registered", "Ready", "Running"
INIT_ERROR, EXIT_ERROR = "InitError", "ExitError"


class Metadata(NamedTuple):
    """What an extension is told of its function."""

    name: str
    version: str
    handler: str
    account: str = ""


class Failed(NamedTuple):
    """An extension gave up, or has gone."""

    type: str
    """Extension.InitError, Extension.ExitError or Extension.Crash."""
    name: str


class _Extension:
    def __init__(self, name: str, *, external: bool) -> None:
        self.name = name
        self.external = external
        self.state = STARTED
        self.identity = str(uuid4())
        self.events: frozenset[str] = frozenset()
        self.parked: Exchange | None = None
        """Its question for the next event."""
        self.waiting: bytes | None = None
        """The event that waits for its question."""

    @property
    def busy(self) -> bool:
        return self.state != READY or self.waiting is not None


class Extensions:
    """Those of one process. `changed` is called whenever one of them may be done with what it had to do, `failed`
    when one gave up."""

    def __init__(
        self,
        names: Sequence[str],
        metadata: Metadata,
        changed: Callable[[], None] = lambda: None,
        failed: Callable[[Failed], None] = lambda _failed: None,
    ) -> None:
        self._all = [_Extension(name, external=True) for name in names]
        self._metadata = metadata
        self.changed = changed
        self.failed = failed
        self._open = True

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def busy(self) -> bool:
        """Whether one of them is still at what it was told last, or has not begun yet."""
        return any(extension.busy for extension in self._all)

    @property
    def external(self) -> bool:
        """Whether there are some that are told of the environment's end."""
        return any(extension.external for extension in self._all)

    @property
    def states(self) -> Sequence[str]:
        """A line for each, as Lambda logs them after the init."""
        return [
            f"EXTENSION\tName: {one.name}\tState: {one.state}\tEvents: [{', '.join(sorted(one.events))}]"
            for one in self._all
        ]

    def close_registration(self) -> None:
        """The init is over."""
        self._open = False

    # --- events ---------------------------------------------------------------------------------------------------

    def invoke(self, delivery: Delivery) -> None:
        """Tell of an invocation whoever wants to know."""
        invocation = delivery.invocation
        self._tell(
            INVOKE,
            {
                "eventType": INVOKE,
                "deadlineMs": delivery.deadline_ms,
                "requestId": invocation.request_id,
                "invokedFunctionArn": invocation.function_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
            },
        )

    def shut_down(self, reason: str, deadline_ms: int) -> None:
        """Tell of the environment's end: `reason` is "spindown", "timeout" or "failure"."""
        self._tell(SHUTDOWN, {"eventType": SHUTDOWN, "deadlineMs": deadline_ms, "shutdownReason": reason})

    def _tell(self, kind: str, event: Mapping[str, Any]) -> None:
        body = b""
        for extension in self._all:
            if kind not in extension.events:
                continue
            body = body or json.dumps(event).encode()
            parked, extension.parked = extension.parked, None
            if parked is None:
                extension.waiting = body
            else:
                self._answer(extension, parked, body)

    def _answer(self, extension: _Extension, exchange: Exchange, event: bytes) -> None:
        extension.state = RUNNING
        exchange.respond(200, [*JSON, (b"Lambda-Extension-Event-Identifier", str(uuid4()).encode())], event)

    def forget(self) -> None:
        """The process has ended: nobody waits for events any more."""
        for extension in self._all:
            parked, extension.parked = extension.parked, None
            if parked is not None:
                parked.abort()

    # --- requests -------------------------------------------------------------------------------------------------

    def serves(self, exchange: Exchange) -> bool:
        """Whether a request is of this API."""
        target = exchange.target
        return target.startswith(PREFIX) or target in (LOGS, TELEMETRY)

    async def serve(self, exchange: Exchange) -> None:
        """Answer a request, at once or with the next event. Raises ClientGone."""
        method, target = exchange.method, exchange.target
        body = await exchange.body(1 << 20)
        refused: Refusal | None = None
        if method == "POST" and target == PREFIX + b"register":
            refused = self._register(exchange, body)
        elif method == "PUT" and target in (LOGS, TELEMETRY):
            # what AWS's emulator says too: a layer that cannot subscribe goes on without
            name = "Logs" if target == LOGS else "Telemetry"
            words = {"errorMessage": f"{name} API is not supported", "errorType": f"{name}.NotSupported"}
            exchange.respond(202, JSON, json.dumps(words).encode())
        elif (method, target) in (("GET", PREFIX + b"event/next"), *_ERRORS):
            extension = self._identified(exchange)
            if isinstance(extension, Refusal):
                refused = extension
            elif method == "GET":
                refused = self._next(extension, exchange)
            else:
                refused = self._give_up(extension, exchange, _ERRORS[method, target])
        else:
            exchange.respond(404, ((b"Content-Type", b"text/plain; charset=utf-8"),), b"404 page not found\n")
        if refused is not None:
            exchange.respond(refused.status, JSON, refused.body)

    def _register(self, exchange: Exchange, body: bytes) -> Refusal | None:
        name = exchange.lowered.get(b"lambda-extension-name", b"").decode(errors="replace")
        if not name:
            return forbidden("Extension.InvalidExtensionName", "Empty extension name")
        try:
            asked = json.loads(body)
            events = frozenset(str(event) for event in asked.get("events") or ())
        except (ValueError, AttributeError, TypeError) as error:
            return forbidden("InvalidRequestFormat", str(error))
        found = next((one for one in self._all if one.name == name), None)
        for event in events:
            if event not in (INVOKE, SHUTDOWN):
                return forbidden("Extension.InvalidEventType", f"{event}: ErrorInvalidEventType")
            if event == SHUTDOWN and (found is None or not found.external):
                words = "ShutdownEventNotSupportedForInternalExtension"
                return forbidden("Extension.InvalidEventType", f"{event}: {words}")
        if found is None:
            if not self._open:
                return forbidden("Extension.RegistrationClosed", "Extension registration closed already")
            if len(self._all) >= MOST:
                return forbidden("Extension.TooManyExtensions", f"Extension limit ({MOST}) reached")
            found = _Extension(name, external=False)
            self._all.append(found)
        elif not found.external:
            return forbidden("Extension.InvalidExtensionState", "Extension with this name already registered")
        elif found.state != STARTED:
            return _not_allowed(found.state, REGISTERED, name)
        found.events, found.state = events, REGISTERED
        metadata = self._metadata
        told = {
            "functionName": metadata.name,
            "functionVersion": metadata.version,
            "handler": metadata.handler,
        }
        features = exchange.lowered.get(b"lambda-extension-accept-feature", b"").split(b",")
        if b"accountId" in [feature.strip() for feature in features]:
            told["accountId"] = metadata.account
        headers = [*JSON, (b"Lambda-Extension-Identifier", found.identity.encode())]
        exchange.respond(200, headers, json.dumps(told).encode())
        return None

    def _identified(self, exchange: Exchange) -> _Extension | Refusal:
        identity = exchange.lowered.get(b"lambda-extension-identifier", b"").decode(errors="replace")
        if not identity:
            words = "Missing Lambda-Extension-Identifier header"
            return forbidden("Extension.MissingExtensionIdentifier", words)
        try:
            UUID(identity)
        except ValueError:
            return forbidden("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
        for extension in self._all:
            if extension.identity == identity:
                return extension
        return forbidden("Extension.UnknownExtensionIdentifier", f"Unknown extension {identity}")

    def _next(self, extension: _Extension, exchange: Exchange) -> Refusal | None:
        if extension.state not in (REGISTERED, RUNNING, READY):
            return _not_allowed(extension.state, READY, extension.identity)
        extension.state = READY
        event, extension.waiting = extension.waiting, None
        if event is not None:
            self._answer(extension, exchange, event)
            return None
        extension.parked = exchange

        def gone() -> None:
            if extension.parked is exchange:
                extension.parked = None
                self.failed(Failed("Extension.Crash", extension.name))

        exchange.on_gone = exchange.on_end = gone
        self.changed()
        return None

    def _give_up(self, extension: _Extension, exchange: Exchange, state: str) -> Refusal | None:
        header = "Lambda-Extension-Function-Error-Type"
        if not exchange.lowered.get(header.lower().encode()):
            return forbidden("Extension.MissingHeader", f"{header} not found")
        if extension.state == STARTED or extension.state in (INIT_ERROR, EXIT_ERROR):
            return _not_allowed(extension.state, state, extension.identity)
        extension.state = state
        exchange.respond(202, JSON, ACCEPTED)
        self.failed(Failed(f"Extension.{state}", extension.name))
        return None


_ERRORS = {("POST", PREFIX + b"init/error"): INIT_ERROR, ("POST", PREFIX + b"exit/error"): EXIT_ERROR}


def _not_allowed(state: str, wanted: str, name: str) -> Refusal:
    words = f"State transition from {state} to {wanted} failed for extension {name}. "
    return forbidden("Extension.InvalidExtensionState", f"{words}Error: State transition is not allowed")
