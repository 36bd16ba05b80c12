"""POST /_windtunnel/telemetry: what the edge logged and counted, put into CloudWatch Logs and CloudWatch.

It goes straight into their stores: through PutLogEvents and PutMetricData it would cost LocalStack more than the
requests that it tells of. Only events of a log group that something subscribes to, or that has metric filters, take
LocalStack's own way.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from windtunnel.plugin import snapshot
from windtunnel.plugin.deleted_groups import DeletedGroups, watch_deletions
from windtunnel.plugin.embedded_metrics import embedded_metrics
from windtunnel.plugin.localstack import (
    SERVICE_PLUGINS,
    CloudwatchDatabase,
    LogStream,
    Response,
    connect_to,
    get_moto_logs_backend,
)
from windtunnel.plugin.log_events import LIMIT, MEGABYTE, Pair, Store, put_events
from windtunnel.plugin.metric_values import MetricStore

LOG = logging.getLogger(__name__)

PATH = "/_windtunnel/telemetry"
TOKEN_HEADER = "x-windtunnel-token"  # noqa: S105
SENDERS = 64
"""Edges whose last batch is remembered: there is one, and after each of its restarts another."""
CALL_EVENTS, CALL_BYTES, EVENT_OVERHEAD = 10_000, 1_048_576, 26
"""PutLogEvents: "The maximum batch size is 1,048,576 bytes. This size is calculated as the sum of all event messages in
UTF-8, plus 26 bytes for each log event." """
WAITING = 500
"""Batches that may wait for subscribers; beyond them what comes is kept, and nobody is told."""


class Telemetry:
    """Takes the edge's batches, each once."""

    def __init__(
        self,
        logs: Store,
        metrics: Callable[[], MetricStore],
        subscribed: Subscribed,
        deleted: DeletedGroups,
        clock: Callable[[], float] = time.time,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._logs = logs
        self._announce = announce
        self._make_metrics = metrics
        self._metrics: MetricStore | None = None
        self._subscribed = subscribed
        self._deleted = deleted
        self._clock = clock
        self._lock = threading.Lock()
        self._last: OrderedDict[str, int] = OrderedDict()
        """By sender the number of its last batch."""

    def take(self, body: bytes) -> None:
        """Take a batch, unless it was taken before. Raises ValueError where it is none."""
        document = json.loads(body)
        sender, _, number = document.get("id", "").partition("-")
        # one at a time: a batch that is sent again may come while it is being taken
        with self._lock:
            if sender and self._last.get(sender, -1) >= int(number):
                return
            if logs := document.get("logs"):
                self._take_logs(logs)
                self._announce()
            if metrics := document.get("metrics"):
                self._take_metrics(metrics)
            if sender:
                self._last[sender] = int(number)
                self._last.move_to_end(sender)
                if len(self._last) > SENDERS:
                    self._last.popitem(last=False)

    def _take_logs(self, entries: Iterable[Mapping[str, Any]]) -> None:
        failed: set[str] = set()
        for entry in entries:
            try:
                self._take_log(entry)
            except Exception:
                # the other streams' events are not to suffer from it, nor is the edge to send it for ever
                if entry["group"] not in failed:
                    LOG.exception("log events of %s could not be kept", entry["group"])
                failed.add(entry["group"])

    def _take_log(self, entry: Mapping[str, Any]) -> None:
        account, region, group = entry["account"], entry["region"], entry["group"]
        backend = get_moto_logs_backend(account, region)
        pairs = [pair for pair in entry["events"] if pair[1]]  # CloudWatch Logs takes no empty message
        if embedded := list(embedded_metrics(entry, pairs, self._clock())):
            self._take_metrics(embedded)
        if deleted := self._deleted.moment(account, region, group):
            pairs = [pair for pair in pairs if pair[0] > deleted]
            if not pairs:
                return
        stream = _stream(backend, group, entry["stream"])
        if not pairs or (_is_subscribed(backend, group) and self._subscribed.take(entry, pairs)):
            return
        put_events(self._logs, stream, pairs, int(self._clock() * 1000))

    def _take_metrics(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        try:
            self._metrics = self._metrics or self._make_metrics()
            self._metrics.add(metrics)
        except Exception:
            LOG.exception("metrics could not be kept")


class Subscribed:
    """Log events for which LocalStack's PutLogEvents has more to do. It may invoke functions: a thread waits for it."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Mapping[str, Any], list[Pair]]] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def take(self, entry: Mapping[str, Any], pairs: list[Pair]) -> bool:
        """False where too many wait already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="windtunnel-subscribed-logs", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait((entry, pairs))
        except queue.Full:
            LOG.warning("the subscribers of %s are too slow: some events do not reach them", entry["group"])
            return False
        return True

    def _run(self) -> None:
        while True:
            entry, pairs = self._queue.get()
            try:
                client = connect_to(aws_access_key_id=entry["account"], region_name=entry["region"]).logs
                for events in calls(pairs):
                    client.put_log_events(logGroupName=entry["group"], logStreamName=entry["stream"], logEvents=events)
            except Exception:
                LOG.exception("log events of %s did not reach those who subscribe to them", entry["group"])


def calls(pairs: Iterable[Pair]) -> Iterable[list[dict[str, Any]]]:
    """Events as PutLogEvents takes them: in order of time, and no more in a call than it allows."""
    events: list[dict[str, Any]] = []
    size = 0
    for timestamp, message in sorted(pairs, key=lambda pair: pair[0]):
        needs = len(message.encode("utf-8", "replace")) + EVENT_OVERHEAD
        if events and (len(events) == CALL_EVENTS or size + needs > CALL_BYTES):
            yield events
            events, size = [], 0
        events.append({"timestamp": timestamp, "message": message})
        size += needs
    if events:
        yield events


def _stream(backend: Any, group_name: str, stream_name: str) -> Any:
    """A log stream of moto's, made where it is missing, and its group: as Lambda and API Gateway do."""
    backend.ensure_log_group(group_name)
    group = backend.groups[group_name]
    if stream_name not in group.streams:
        # LocalStack's create_log_stream fails where something subscribes to the group
        group.streams.setdefault(stream_name, LogStream(group, stream_name))
    return group.streams[stream_name]


def _is_subscribed(backend: Any, group_name: str) -> bool:
    return bool(backend.groups[group_name].subscription_filters) or any(
        filter["logGroupName"] == group_name for filter in backend.filters.metric_filters
    )


def telemetry_route(ready: Callable[[], bool]) -> Callable[[Any], Response]:
    """The route's handler. Only who knows WINDTUNNEL_TOKEN may use it; where there is none, nobody.

    Until `ready()` it takes nothing: state that is restored after it would go over it.
    """
    token = os.environ.get("WINDTUNNEL_TOKEN", "")
    limit = int(os.environ.get("WINDTUNNEL_LOGS_MB", LIMIT // MEGABYTE)) * MEGABYTE
    telemetry = Telemetry(Store(limit), metric_store, Subscribed(), watch_deletions(), announce=snapshot.logs_came)

    def handle(request: Any) -> Response:
        if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
            return Response("{}", status=403, mimetype="application/json")
        if not ready():
            return Response("{}", status=503, mimetype="application/json")
        try:
            telemetry.take(request.get_data())
        except ValueError as error:
            LOG.warning("%s takes no such batch: %s", PATH, error)
            return Response("{}", status=400, mimetype="application/json")
        return Response("{}", mimetype="application/json")

    return handle


def metric_store() -> MetricStore:
    """Of LocalStack's CloudWatch, which is loaded for it."""
    SERVICE_PLUGINS.require("cloudwatch")  # makes the database
    return MetricStore(CloudwatchDatabase())


QUIET = tuple((path, 200) for path in (PATH, "/_windtunnel/status", "/_localstack/init/ready"))


class QuietTelemetry(logging.Filter):
    """LocalStack logs every request; of these there are some a second, and nobody asks who made them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.args, tuple) and record.args[1:] in QUIET)
