"""Lambda's Runtime API for one execution environment, on a port of its own of 127.0.0.1."""

import queue
import threading
import time
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RuntimeApi:
    """Hands one invocation at a time to the runtime client that asks for the next."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._next: queue.Queue[dict[str, str] | None] = queue.Queue()
        self._answers: dict[str, Future[tuple[bytes, bool]]] = {}
        self._init: Future[None] = Future()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def await_init(self, seconds: float) -> None:
        self._init.result(seconds)

    def invoke(self, payload: dict[str, str]) -> tuple[bytes, bool]:
        """The answer's bytes, and whether it is an error. Raises TimeoutError."""
        answer = self._answers[payload["invoke-id"]] = Future()
        self._next.put(payload)
        try:
            return answer.result(self._timeout)
        finally:
            del self._answers[payload["invoke-id"]]

    def close(self) -> None:
        self._next.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _began(self, error: str = "") -> None:
        if not self._init.done():
            if error:
                self._init.set_exception(RuntimeError(error))
            else:
                self._init.set_result(None)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # headers and body in one packet, at once
            wbufsize = 65536
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                if not self.path.endswith("/runtime/invocation/next"):
                    # a stranger on this machine that looks for its own server would take an invocation with it
                    self._answer(404, b"", {})
                    return
                api._began()
                payload = api._next.get()
                if payload is None:
                    self.close_connection = True
                    return
                self._answer(
                    200,
                    payload["payload"].encode(),
                    {
                        "Content-Type": "application/json",
                        "Lambda-Runtime-Aws-Request-Id": payload["invoke-id"],
                        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + api._timeout) * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": payload["invoked-function-arn"],
                        "Lambda-Runtime-Trace-Id": payload["trace-id"],
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                *_, request_id, kind = self.path.split("/")
                if request_id == "init":
                    api._began(body.decode())
                elif waiting := api._answers.get(request_id):
                    waiting.set_result((body, kind == "error"))
                self._answer(202, b"", {})

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        return Handler
