"""Tells the edge what is deployed, as it changes: before the caller of an AWS API has its answer, the edge knows."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.plugin.definitions import as_json, gateway_documents
from windtunnel.plugin.edge import Edge, EdgeAway
from windtunnel.plugin.functions import function_documents
from windtunnel.plugin.localstack import LambdaService, aws_handlers

LOG = logging.getLogger(__name__)
SERVICES = frozenset({"apigateway", "lambda"})
READING = ("Get", "List", "Describe", "Test", "Invoke", "Head")
RETRY = (0.2, 2.0)
"""Seconds between tries while the edge is away: at first, and at most."""

Documents = Callable[[], Mapping[str, Mapping[str, Any]]]


def everything() -> Mapping[str, Mapping[str, Any]]:
    """All that is published, by its key, as it is now."""
    return {**gateway_documents(), **function_documents()}


class Publisher:
    """One at a time, in order: what is computed later is sent later."""

    def __init__(self, edge: Edge, *, whole: bool = True, documents: Documents = everything) -> None:
        self._edge = edge
        self._documents = documents
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        """What the edge acknowledged, as JSON by key."""
        self._whole = whole
        """The edge is to be told everything, and what it has beside that is to go."""
        self._retrying = False

    def watch(self) -> None:
        """Publish after every call that may have changed something, before it is answered; CloudFormation makes such
        calls as well. And with each change of a function version's state, which comes in a thread of its own."""

        def publish(_chain: Any, context: Any, _response: Any) -> None:
            service, operation = context.service, context.operation
            if service is None or operation is None or service.service_name not in SERVICES:
                return
            if not operation.name.startswith(READING):
                self.publish()

        aws_handlers.run_custom_response_handlers.append(publish)
        update = LambdaService.update_version_state

        @functools.wraps(update)
        def update_version_state(*arguments: Any, **options: Any) -> None:
            update(*arguments, **options)
            self.publish()

        LambdaService.update_version_state = update_version_state

    def publish(self) -> None:
        """Send what changed since the last time. Where the edge is away, it is told everything once it is back."""
        with self._lock:
            self._try()

    def publish_all(self, *, replace: bool = True) -> None:
        """Send everything, whatever the edge has; with `replace`, what else it has goes."""
        with self._lock:
            self._known = {}
            self._whole = self._whole or replace
            self._try()

    def _try(self) -> bool:
        """Whether the edge now knows all. Where it does not, a thread tries until it does."""
        try:
            self._send()
        except EdgeAway as error:
            if not self._retrying:
                LOG.warning("%s; it is told what is deployed once it is back", error)
            self._whole = True
        except Exception:
            # a caller's call has succeeded, whatever comes of telling about it
            if not self._retrying:
                LOG.exception("what is deployed cannot be published; trying again")
        else:
            if self._retrying:
                LOG.info("the edge knows what is deployed again")
            self._retrying = False
            return True
        if not self._retrying:
            self._retrying = True
            threading.Thread(target=self._retry, name="windtunnel-publish", daemon=True).start()
        return False

    def _send(self) -> None:
        texts = {key: as_json(document) for key, document in self._documents().items()}
        if self._whole:
            refused = self._edge.publish(texts, [], replace=True)
        else:
            changed = {key: text for key, text in texts.items() if self._known.get(key) != text}
            gone = [key for key in self._known if key not in texts]
            if not changed and not gone:
                return
            refused = self._edge.publish(changed, gone, replace=False)
        if refused:
            LOG.error("the edge cannot use %s; its log (make logs) says why", ", ".join(refused))
        self._whole = False
        self._known = texts

    def _retry(self) -> None:
        pause = RETRY[0]
        while True:
            time.sleep(pause)
            pause = min(pause * 1.5, RETRY[1])
            with self._lock:
                # a call may have published meanwhile
                if not self._retrying or self._try():
                    return
