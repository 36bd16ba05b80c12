"""What the edge tells of itself: log events and metrics, on their way to CloudWatch in the backplane.

Taking one costs about a microsecond and never waits. A task sends what has come, off the requests' path: log events
twice a second, metrics every few seconds, each metric as a count of each value in each minute. While the backplane is
away, all is kept and sent later, in order; of logs only the newest `limit` bytes.

Log events are JSON text from the moment they come, and a batch is closed when it is full: joining it holds the loop for
half a millisecond. To dump half a second's events at once would hold it for five, from a thread as well: of json, which
does not let go of the interpreter's lock.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json.encoder import encode_basestring

from windtunnel.apigateway.metrics import MILLISECONDS, Dimensions, Series
from windtunnel.edge.repeated import Repeated

LOG = logging.getLogger(__name__)

Send = Callable[[bytes], Awaitable[bool]]
"""Brings a batch to the plugin; whether it took it."""
Values = dict[float, int]
"""How often each value came."""

INTERVAL = 0.5
METRICS_INTERVAL = 5.0
LIMIT = 64 * 1024 * 1024
BATCH = 256 * 1024
"""Bytes of log events that make a batch at once, before the interval is over."""
MINUTES = 120
"""Minutes of metrics that are kept while the backplane is away."""
SERIES_A_SLICE = 50
"""Series that are made JSON of before the loop gets its turn: under a millisecond."""
SAY_AGAIN = 60.0
"""Seconds between two words about what is lost."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Log events, ready to be sent."""

    body: bytes
    events: int


class Telemetry:
    """Takes log events and metrics. All of it belongs to one event loop."""

    def __init__(
        self,
        send: Send,
        *,
        interval: float = INTERVAL,
        metrics_interval: float = METRICS_INTERVAL,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._send = send
        self._metrics_interval = metrics_interval
        self._limit = limit
        self._clock = clock
        self._sender = secrets.token_hex(8)
        """With a number it is a batch's id: the plugin takes no batch twice."""
        self._number = 0
        # log events: of each stream the JSON text of those that are in no batch yet; batches, the oldest first
        self._lines: dict[tuple[str, str, str, str], list[str]] = {}
        self._open = 0
        self._batches: deque[_Batch] = deque()
        self._held = 0
        self._sending: _Batch | None = None
        self._dropped = 0
        self._said = float("-inf")
        # metrics: by minute (seconds since the epoch) and series; those of the minute that it is until `_until`
        self._minutes: dict[int, dict[Series, Values]] = {}
        self._values: dict[Series, Values] = {}
        self._until = 0.0
        self._series: dict[tuple[object, ...], Series] = {}
        self._metrics: bytes | None = None
        self._metrics_due = 0.0

        self._away = False
        self._lock = asyncio.Lock()
        self._repeated = Repeated(self._deliver_due, interval, "telemetry could not be sent")

    # --- taking -------------------------------------------------------------------------------------------------

    def write(self, account: str, region: str, group: str, stream: str, timestamp_ms: int, message: str) -> None:
        """Take a log event."""
        key = (account, region, group, stream)
        lines = self._lines.get(key)
        if lines is None:
            lines = self._lines[key] = []
        line = f"[{timestamp_ms},{encode_basestring(message)}]"
        lines.append(line)
        self._open += len(line)
        if self._open >= BATCH:
            self._close_batch()

    def count(
        self, account: str, region: str, namespace: str, name: str, dimensions: Dimensions, unit: str, value: float
    ) -> None:
        """Take a metric's value. Milliseconds keep about three digits, so that there are few different ones."""
        key = (account, region, namespace, name, dimensions, unit)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(account, region, namespace, name, (dimensions,), unit)
        if unit == MILLISECONDS:
            value = round(value) if value >= 100 else round(value, 1 if value >= 10 else 2)
        self.add(series, value)

    def add(self, series: Series, value: float) -> None:
        """Take a value of a series that the caller keeps; twice as fast as count()."""
        if self._clock() >= self._until:
            self._turn_minute()
        values = self._values.get(series)
        if values is None:
            values = self._values[series] = {}
        values[value] = values.get(value, 0) + 1

    def _turn_minute(self) -> None:
        minute = int(self._clock() // 60) * 60
        self._values = self._minutes.setdefault(minute, {})
        self._until = minute + 60
        if len(self._minutes) > MINUTES:
            del self._minutes[min(self._minutes)]
            LOG.warning("the backplane has been away for %d minutes: older metrics are lost", MINUTES)

    # --- batches ------------------------------------------------------------------------------------------------

    def _close_batch(self) -> None:
        """Make a batch of the log events that came; drop the oldest batches where there are too many."""
        if not self._open:
            return
        entry = '{{"account":{},"region":{},"group":{},"stream":{},"events":[{}]}}'.format
        streams = [
            entry(*(encode_basestring(name) for name in key), ",".join(lines)) for key, lines in self._lines.items()
        ]
        events = sum(map(len, self._lines.values()))
        # a lone surrogate, which is not text, becomes a question mark
        body = f'{{"id":"{self._next_id()}","logs":[{",".join(streams)}],"metrics":[]}}'.encode("utf-8", "replace")
        self._lines = {}
        self._open = 0
        self._batches.append(_Batch(body, events))
        self._held += len(body)
        while self._held > self._limit and self._drop_oldest():
            pass

    def _next_id(self) -> str:
        self._number += 1
        return f"{self._sender}-{self._number}"

    def _drop_oldest(self) -> bool:
        """Drop a batch, but never the one that is on its way. False where there is no other."""
        index = 1 if self._batches and self._batches[0] is self._sending else 0
        if len(self._batches) <= index + 1:
            return False  # what came last stays
        batch = self._batches[index]
        del self._batches[index]
        self._held -= len(batch.body)
        self._dropped += batch.events
        self._say_dropped()
        return True

    def _say_dropped(self, *, now: bool = False) -> None:
        if self._dropped and (now or self._clock() - self._said >= SAY_AGAIN):
            LOG.warning("%d log events were lost, the oldest: the backplane has not taken them", self._dropped)
            self._said = self._clock()
            self._dropped = 0

    async def _close_metrics(self) -> None:
        """Make a body of the metrics' values that came, a slice of the series at a time."""
        minutes, self._minutes = self._minutes, {}
        self._until = 0.0  # the next value starts a new map
        entries: list[str] = []
        done = 0
        for minute, series_values in minutes.items():
            for series, values in series_values.items():
                entries += _metric_entries(series, minute, values)
                done += 1
                if done % SERIES_A_SLICE == 0:
                    await asyncio.sleep(0)
        if entries:
            self._metrics = f'{{"id":"{self._next_id()}","logs":[],"metrics":[{",".join(entries)}]}}'.encode()

    # --- sending ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Send from now on, every interval."""
        self._repeated.start()

    async def _deliver_due(self) -> None:
        await self._deliver(metrics=self._clock() >= self._metrics_due)

    async def flush(self) -> bool:
        """Send all that has come. False where the backplane did not take it: it is kept."""
        return await self._deliver(metrics=True)

    async def close(self) -> None:
        """Send what there is, once, and end."""
        await self._repeated.close()
        if not await self.flush():
            LOG.warning("what was logged last is lost: the backplane does not take it")

    async def _deliver(self, *, metrics: bool) -> bool:
        async with self._lock:
            self._close_batch()
            while self._batches:
                # one that is tried again is the same to the byte: the plugin may have taken it, unheard
                self._sending = batch = self._batches[0]
                try:
                    if not await self._try(batch.body):
                        return False
                finally:
                    self._sending = None
                self._batches.popleft()
                self._held -= len(batch.body)
            return not metrics or await self._deliver_metrics()

    async def _deliver_metrics(self) -> bool:
        """Send what was left of an earlier try, then what has come."""
        for _ in range(1 if self._metrics is None else 2):
            if self._metrics is None:
                await self._close_metrics()
            if self._metrics is not None:
                if not await self._try(self._metrics):
                    return False
                self._metrics = None
        self._metrics_due = self._clock() + self._metrics_interval
        return True

    async def _try(self, body: bytes) -> bool:
        try:
            taken = await self._send(body)
        except (OSError, TimeoutError):
            taken = False
        if taken == self._away:
            self._away = not taken
            if taken:
                LOG.info("the backplane takes telemetry again")
                self._say_dropped(now=True)
            else:
                LOG.warning("the backplane takes no telemetry now: logs and metrics are kept for it")
        return taken


def _metric_entries(series: Series, minute: int, values: Values) -> list[str]:
    """A series' values in a minute as JSON, once for each of its sets of dimensions."""
    common = {
        "account": series.account,
        "region": series.region,
        "namespace": series.namespace,
        "name": series.name,
        "unit": series.unit,
        "timestamp": minute,
        "values": list(values),
        "counts": list(values.values()),
    }
    rest = json.dumps(common)[1:]
    return [f'{{"dimensions":{json.dumps(dict(dimensions))},{rest}' for dimensions in series.dimension_sets]
