"""Tells the edge what is deployed, as it changes: before the caller of an AWS API has its answer, the edge knows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from windtunnel.plugin.definitions import as_json, gateway_documents
from windtunnel.plugin.edge import Edge, EdgeAway
from windtunnel.plugin.functions import function_documents
from windtunnel.plugin.localstack import aws_handlers

LOG = logging.getLogger(__name__)
SERVICES = frozenset({"apigateway", "lambda"})
READING = ("Get", "List", "Describe", "Test", "Invoke", "Head")
RETRY = (0.2, 2.0)
"""Seconds between tries while the edge is away: at first, and at most."""


class Publisher:
    """One at a time, in order: what is computed later is sent later."""

    def __init__(self, edge: Edge, *, whole: bool = True) -> None:
        self._edge = edge
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        """What the edge acknowledged, as JSON by key."""
        self._whole = whole
        """The edge is to be told everything, and what it has beside that is to go."""
        self._retrying = False

    def watch(self) -> None:
        """Publish after every call that may have changed something, before it is answered."""

        def publish(_chain: Any, context: Any, _response: Any) -> None:
            service, operation = context.service, context.operation
            if service is None or operation is None or service.service_name not in SERVICES:
                return
            if not operation.name.startswith(READING):
                self.publish()

        aws_handlers.run_custom_response_handlers.append(publish)

    def publish(self) -> None:
        """Send what changed since the last time. Where the edge is away, it is told everything once it is back."""
        with self._lock:
            try:
                self._send()
            except EdgeAway as error:
                LOG.warning("%s; it is told what is deployed once it is back", error)
                self._whole = True
                self._retry_later()
            except Exception:
                # a caller's call has succeeded, whatever comes of telling about it
                LOG.exception("what is deployed cannot be published")

    def _send(self) -> None:
        documents: Mapping[str, Any] = {**gateway_documents(), **function_documents()}
        texts = {key: as_json(document) for key, document in documents.items()}
        if self._whole:
            self._edge.publish(texts, [], replace=True)
            self._whole = False
        else:
            changed = {key: text for key, text in texts.items() if self._known.get(key) != text}
            gone = [key for key in self._known if key not in texts]
            if not changed and not gone:
                return
            self._edge.publish(changed, gone, replace=False)
        self._known = texts

    def _retry_later(self) -> None:
        if not self._retrying:
            self._retrying = True
            threading.Thread(target=self._retry, name="windtunnel-publish", daemon=True).start()

    def _retry(self) -> None:
        pause = RETRY[0]
        while True:
            time.sleep(pause)
            pause = min(pause * 1.5, RETRY[1])
            with self._lock:
                try:
                    self._send()
                except EdgeAway:
                    continue
                except Exception:
                    LOG.exception("what is deployed cannot be published")
                    continue
                self._retrying = False
                return
