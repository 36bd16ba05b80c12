"""An edge of the tests' own, and an engine whose plugin publishes to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from windtunnel.config import HOST
from windtunnel.engines.ports import free_port


class FakeEdge:
    """Takes publications on a port, in the order in which they are acknowledged."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.documents: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.delay = 0.0
        self.status = 200
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        edge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                edge.tokens.add(self.headers["x-windtunnel-token"])
                time.sleep(edge.delay)
                if edge.status == 200:
                    edge.take(body)
                self.answer({"refused": []})

            def do_GET(self) -> None:
                edge.asked.append(self.path)
                self.answer({"items": {"key1": [[3, 7], [0, 10]], "key2": [[1, 9], [0, 10]]}})

            def answer(self, document: Any) -> None:
                content = json.dumps(document).encode()
                self.send_response(edge.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: Any) -> None:
                pass  # the plugin's connections break when this edge goes away

        self._server = Server((HOST, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, body: dict[str, Any]) -> None:
        self.taken.append(body)
        if body["replace"]:
            self.documents.clear()
        self.documents.update(body["put"])
        for key in body["delete"]:
            self.documents.pop(key, None)

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens, and kept connections are of no use."""
        self.status = 503
        self.stop()
        yield
        self.status = 200
        self.start()


@pytest.fixture(scope="module")
def fake_edge() -> Iterator[FakeEdge]:
    fake = FakeEdge()
    fake.start()
    yield fake
    fake.stop()
