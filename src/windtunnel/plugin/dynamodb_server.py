"""DynamoDB on a port of its own inside LocalStack: the data plane without its gateway, everything else through it.

WINDTUNNEL_DYNAMODB_PORT names the port, of 127.0.0.1; where it is not set, there is none.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from werkzeug.datastructures import Headers

from windtunnel.plugin.dynamodb_calls import OPERATIONS, WRITES, DataPlane, Outcome
from windtunnel.plugin.dynamodb_http import Answer, Connection, Received, http_date, render
from windtunnel.plugin.localstack import SERVICE_PLUGINS, SHUTDOWN_HANDLERS, Request, Response, get_current_runtime

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
VARIABLE = "WINDTUNNEL_DYNAMODB_PORT"
TARGET = b"DynamoDB_20120810."
GATEWAY_THREADS = 16
FAST = {(TARGET + name.encode()): name for name in OPERATIONS}
JSON_TYPE = b"application/x-amz-json-1.0"
NOT_OURS = (b"origin", b"content-encoding", b"x-moto-account-id", b"x-localstack-data")
"""Headers with which LocalStack's gateway does something else."""

Tell = Callable[[str], None]
"""Takes the operation's name. Called in the server's thread, on every write: to be cheap."""


class DynamodbServer:
    """A thread with an event loop, which does the work of the data plane itself: it is all computing."""

    def __init__(self) -> None:
        self.port = 0
        self.on_write_begin: list[Tell] = []
        self.on_write: list[Tell] = []
        """Called after each write, whatever came of it."""
        self._plane = DataPlane()
        self._loaded = threading.Event()
        self._connections: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._gateway_pool = ThreadPoolExecutor(GATEWAY_THREADS, thread_name_prefix="windtunnel-dynamodb-gateway")
        self._head, self._second = b"", 0

    def listen(self, port: int) -> None:
        """Serve on a port of this machine; 0 for any. Raises OSError where it is taken."""
        serving = self._loop.create_server(lambda: Connection(self._answer, self._connections), HOST, port, backlog=512)
        server = self._loop.run_until_complete(serving)
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=self._loop.run_forever, name="windtunnel-dynamodb", daemon=True).start()

    def open(self) -> None:
        """State is in place: from here on the data plane need not go through the gateway. Loads the service."""
        SERVICE_PLUGINS.require("dynamodb")
        self._loaded.set()

    def close(self) -> None:
        """End, with what is under way."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    # --- in the loop's thread -------------------------------------------------------------------------------------

    def _answer(self, received: Received) -> Answer:
        head = received.head
        operation = FAST.get(head.lowered.get(b"x-amz-target", b""))
        if (
            operation is not None
            and self._loaded.is_set()
            and head.method == b"POST"
            and head.target == b"/"
            and head.lowered.get(b"content-type") == JSON_TYPE
            and not any(name in head.lowered for name in NOT_OURS)
            and (caller := self._plane.caller(head.lowered.get(b"authorization", b""))) is not None
            and (request := _json(received.body)) is not None
        ):
            return self._render(self._call(caller, operation, request))
        return self._loop.run_in_executor(self._gateway_pool, _through_gateway, received, self.port)

    def _call(self, caller: Any, operation: str, request: dict[str, Any]) -> Outcome:
        if operation not in WRITES:
            return self._plane.call(caller, operation, request)
        for tell in self.on_write_begin:
            tell(operation)
        try:
            return self._plane.call(caller, operation, request)
        finally:
            for tell in self.on_write:
                tell(operation)

    def _render(self, outcome: Outcome) -> bytes:
        identifier = str(uuid.uuid4()).encode()
        if outcome.error:
            headers = [
                (b"Content-Type", b"application/json"),
                (b"X-Amzn-Errortype", outcome.error.encode()),
                (b"x-amzn-RequestId", identifier),
                (b"x-amz-crc32", b"%d" % crc32(outcome.body)),
                (b"x-localstack", b"true"),
            ]
            return render(outcome.status, headers, outcome.body)
        return b"%bx-amzn-RequestId: %b\r\nx-amz-crc32: %d\r\nContent-Length: %d\r\n\r\n%b" % (
            self._success_head(),
            identifier,
            crc32(outcome.body),
            len(outcome.body),
            outcome.body,
        )

    def _success_head(self) -> bytes:
        """What is the same in all answers of one second."""
        second = int(self._loop.time())
        if second != self._second:
            lines = (b"HTTP/1.1 200 OK", b"Date: " + http_date(), b"Content-Type: " + JSON_TYPE, b"x-localstack: true")
            self._head, self._second = b"\r\n".join(lines) + b"\r\n", second
        return self._head


def _json(body: bytes) -> dict[str, Any] | None:
    """The call's parameters; None where the body is no JSON object, which LocalStack's gateway then says."""
    try:
        request = json.loads(body)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None


def _through_gateway(received: Received, port: int) -> bytes:
    """In a thread of the pool: as if it had come to LocalStack's own port."""
    head = received.head
    path, _, query = head.target.decode("latin-1").partition("?")
    headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
    headers.pop("Transfer-Encoding", None)
    headers["Content-Length"] = str(len(received.body))
    request = Request(
        head.method.decode("latin-1"),
        unquote(path),
        headers,
        received.body,
        query_string=query,
        raw_path=path,
        server=(HOST, port),
        remote_addr=HOST,
    )
    response = Response()
    try:
        get_current_runtime().components.gateway.process(request, response)
    except Exception:
        LOG.exception("%s %s", request.method, path)
        return render(500, [], b"")
    return render(response.status_code, _answer_headers(response), b"" if head.method == b"HEAD" else response.data)


def _answer_headers(response: Any) -> Sequence[tuple[bytes, bytes]]:
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
        if name.lower() not in ("content-length", "date", "connection", "transfer-encoding")
    ]


def start_dynamodb() -> DynamodbServer | None:
    """The server that the environment asks for, listening; None where it asks for none, or the port is taken."""
    port = os.environ.get(VARIABLE)
    if not port:
        return None
    server = DynamodbServer()
    try:
        server.listen(int(port))
    except (OSError, ValueError) as error:
        LOG.error("DynamoDB cannot be served on port %s of its own: %s", port, error)
        return None
    SHUTDOWN_HANDLERS.register(server.close)
    return server
