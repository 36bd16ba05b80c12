"""The Lambda Runtime API (2018-06-01) for one process: what AWS's runtime interface clients talk to.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from windtunnel.functions.failure import MAX_PAYLOAD
from windtunnel.functions.spec import Invocation

RUNTIME = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Ready:
    """The runtime asks for an invocation: its init, or the invocation before, is over."""


@dataclass(frozen=True)
class Taken:
    """The runtime was handed an invocation."""


@dataclass(frozen=True)
class Responded:
    """The runtime answered an invocation. `body` is None where it was over the limit."""

    request_id: str
    body: bytes | None
    is_error: bool


@dataclass(frozen=True)
class InitFailed:
    """The runtime could not load the handler; it ends by itself."""

    body: bytes


@dataclass(frozen=True)
class Exited:
    """The process is gone. `code` as Popen.returncode has it."""

    code: int


Outcome = Ready | Taken | Responded | InitFailed | Exited


@dataclass(frozen=True)
class Delivery:
    """An invocation on its way to the runtime, with its deadline in milliseconds since the epoch."""

    invocation: Invocation
    deadline_ms: int


class RuntimeApi:
    """One server on 127.0.0.1, for one process, with one invocation at a time.

    What the process does is told to `tell`, from the server's threads.
    """

    def __init__(self, tell: Callable[[Outcome], None]) -> None:
        self._tell = tell
        self._deliveries: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port, as AWS_LAMBDA_RUNTIME_API has it."""
        return f"127.0.0.1:{self._server.server_port}"

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an invocation; the runtime's next (or waiting) question is answered with it."""
        self._deliveries.put(delivery)

    def close(self) -> None:
        """Stop serving. A runtime that waits for an invocation sees its connection end."""
        self._closing = True
        self._deliveries.put(None)
        # a connection wakes the thread that waits for one; serve_forever() would look twice a second, all its life
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._server.server_port), timeout=1):
            pass
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        while not self._closing:
            self._server.handle_request()

    # --- what the handler calls -----------------------------------------------------------------------------------

    def next(self) -> Delivery | None:
        self._tell(Ready())
        delivery = self._deliveries.get()
        if delivery is None:
            self._deliveries.put(None)  # for whoever else waits
        else:
            self._tell(Taken())
        return delivery

    def result(self, request_id: str, body: bytes | None, *, is_error: bool) -> None:
        self._tell(Responded(request_id, body, is_error))

    def init_error(self, body: bytes) -> None:
        self._tell(InitFailed(body))


class _Handler(BaseHTTPRequestHandler):
    """HTTP for RuntimeApi; `api` is set by a subclass of each server's own."""

    api: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the process was killed: its end is told apart
            super().handle()

    def do_GET(self) -> None:
        if self.path != RUNTIME + "invocation/next":
            self._not_found()
            return
        delivery = self.api.next()
        if delivery is None:
            self.close_connection = True
            return
        invocation = delivery.invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(delivery.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        }
        if invocation.trace_id:
            headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._send(HTTPStatus.OK, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self._read_body()
        match self.path.removeprefix(RUNTIME).split("/"):
            case ["invocation", request_id, "response"] if len(body) > MAX_PAYLOAD:
                self._send_error_object(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "RequestEntityTooLarge",
                    f"Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).",
                )
                self.api.result(request_id, None, is_error=True)
            case ["invocation", request_id, ("response" | "error") as kind]:
                # first the runtime, so that it asks on while the caller is answered
                self._accept()
                self.api.result(request_id, body, is_error=kind == "error")
            case ["init", "error"]:
                self._accept()
                self.api.init_error(body)
            case _:
                self._not_found()

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _accept(self) -> None:
        self._send(HTTPStatus.ACCEPTED, b'{"status":"OK"}\n', {})

    def _not_found(self) -> None:
        self._send_error_object(HTTPStatus.NOT_FOUND, "InvalidRequest", f"no such call: {self.command} {self.path}")

    def _send_error_object(self, status: HTTPStatus, kind: str, message: str) -> None:
        self._send(status, json.dumps({"errorMessage": message, "errorType": kind}).encode(), {})

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the process died while it was told

    def log_message(self, *_arguments: Any) -> None:
        """Nothing: this is not a log that anyone reads."""
