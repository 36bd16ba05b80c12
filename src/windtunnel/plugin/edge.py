"""Calls of the plugin to the edge."""

from __future__ import annotations

import http.client
import json
import os
import select
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PUBLISHING = 10.0
"""Seconds that the edge has for a publication: whoever made the change waits for it."""
TOKEN_HEADER = "x-windtunnel-token"  # noqa: S105 - a name


class EdgeAway(ConnectionError):
    """The edge does not answer, or refuses."""


class EdgeRefused(EdgeAway):
    """It answers with AWS's exception `type`; `fields` are those of its body."""

    def __init__(self, words: str, status: int, type: str, fields: Mapping[str, Any]) -> None:
        super().__init__(words)
        self.status = status
        self.type = type
        self.fields = fields


@dataclass(frozen=True)
class Edge:
    """Where it is. Each thread keeps a connection of its own."""

    host: str
    port: int
    token: str

    def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> tuple[Mapping[str, str], bytes]:
        """The answer's headers, in lower case, and its body. Raises EdgeAway; EdgeRefused where AWS would refuse."""
        sent = {TOKEN_HEADER: self.token, "content-type": "application/json", **(headers or {})}
        connection = _connection(self)
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # not tried again: an invocation may have begun
            raise EdgeAway(f"the edge on port {self.port} does not answer: {error}") from error
        if response.status >= 300:
            words = f"the edge refuses {method} {path}: {response.status} {answer[:500]!r}"
            kind = response.getheader("x-amzn-errortype")
            raise EdgeRefused(words, response.status, kind, json.loads(answer)) if kind else EdgeAway(words)
        return {name.lower(): value for name, value in response.getheaders()}, answer

    def publish(self, put: Mapping[str, str], delete: list[str], *, replace: bool) -> list[str]:
        """Hand over documents, each JSON already. Returns the keys of those it cannot use. Raises EdgeAway."""
        entries = ", ".join(f"{json.dumps(key)}: {text}" for key, text in put.items())
        body = f'{{"replace": {json.dumps(replace)}, "delete": {json.dumps(delete)}, "put": {{{entries}}}}}'
        _, answer = self.call("PUT", "/_windtunnel/publications", body.encode(), timeout=PUBLISHING)
        return list(json.loads(answer).get("refused") or ())

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """A call with JSON both ways. Raises EdgeAway."""
        _, answer = self.call(method, path, b"" if document is None else json.dumps(document).encode())
        return json.loads(answer)


_KEPT = threading.local()


def _connection(edge: Edge) -> http.client.HTTPConnection:
    """This thread's; a new one where the one it kept has ended, with the edge that it was to."""
    kept: http.client.HTTPConnection | None = getattr(_KEPT, "connection", None)
    if kept is None:
        kept = _KEPT.connection = http.client.HTTPConnection(edge.host, edge.port)
    elif kept.sock is not None and select.select([kept.sock], [], [], 0)[0]:
        # nothing was asked: what can be read is its end
        kept.close()
    return kept


def the_edge() -> Edge | None:
    """The edge of this engine, as its environment says; None where there is none."""
    address = urlsplit(os.environ.get("WINDTUNNEL_EDGE_URL", ""))
    if not address.hostname or not address.port:
        return None
    return Edge(address.hostname, address.port, os.environ.get("WINDTUNNEL_TOKEN", ""))
