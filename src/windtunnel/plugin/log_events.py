"""The events of CloudWatch log streams, kept small: moto keeps an object of each, for ever.

Here a stream's events are kept as they came, in batches; what fills 64 KB is packed (marshal, zlib), and unpacked when
somebody reads. All streams' events together have a bound: beyond it the oldest go, and their number is said. A load
test of ten minutes at 4 000 requests a second is seven million events: moto would need 3 GB for them.
"""

from __future__ import annotations

import logging
import marshal
import threading
import time
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from types import SimpleNamespace
from typing import Any

from windtunnel.plugin.localstack import LogEvent, LogStream

LOG = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
LIMIT = 256 * MEGABYTE
"""Bytes of packed events, of all streams."""
PACK = 64 * 1024
"""Bytes of messages that a stream packs together."""
UNPACKED = 32 * MEGABYTE
"""Bytes of messages that all streams may hold unpacked; then those are packed that had none for the longest time."""
OVERHEAD = 300
"""What a packed lot costs beside its bytes, about."""
SAY_AGAIN = 60.0

Pair = Sequence[Any]
"""[timestamp in ms, message]."""
Batch = tuple[int, int, list[Pair]]
"""The first event's id, when they came (ms), the events."""


class Event:
    """One event as moto's readers want it, without moto's weight."""

    __slots__ = ("event_id", "ingestion_time", "message", "timestamp")

    def __init__(self, event_id: int, ingestion_time: int, pair: Pair) -> None:
        self.event_id = event_id
        self.ingestion_time = ingestion_time
        self.timestamp: int
        self.message: str
        self.timestamp, self.message = pair

    to_filter_dict = LogEvent.to_filter_dict
    to_response_dict = LogEvent.to_response_dict


@dataclass(frozen=True, slots=True)
class Packed:
    """Batches that were packed, and what can be told without unpacking them."""

    data: bytes
    events: int
    first: int
    last: int
    """Timestamps of the oldest and the newest event."""

    def batches(self) -> list[Batch]:
        batches: list[Batch] = marshal.loads(zlib.decompress(self.data))  # noqa: S302 - of our own making
        return batches


class Events:
    """A stream's events: what moto has a list for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.packed: deque[Packed] = deque()
        self.batches: list[Batch] = []
        """Those that are not packed yet."""
        self.size = 0
        """Bytes of their messages."""

    def __iadd__(self, events: Sequence[Any]) -> Events:
        """What moto's PutLogEvents does, with objects that have an id already."""
        if events:
            pairs: list[Pair] = [[event.timestamp, event.message] for event in events]
            self.store.put(self, (events[0].event_id, events[0].ingestion_time, pairs))
        return self

    def __iter__(self) -> Iterator[Event]:
        return iter(self.between(None, None))

    def __len__(self) -> int:
        with self.store.lock:
            return sum(lot.events for lot in self.packed) + sum(len(pairs) for _, _, pairs in self.batches)

    def __deepcopy__(self, memo: object) -> Events:
        """LocalStack copies every group with all that is in it, to describe them; it changes nothing in them."""
        return self

    def between(self, start: int | None, end: int | None) -> list[Event]:
        """The events from start to end, both included, where they are given; in the order in which they came."""
        low, high = start or 0, end or float("inf")
        with self.store.lock:
            packed = [lot for lot in self.packed if lot.last >= low and lot.first <= high]
            batches = list(self.batches)
        return [
            Event(number, ingested, pair)
            for first, ingested, pairs in chain(chain.from_iterable(lot.batches() for lot in packed), batches)
            for number, pair in enumerate(pairs, first)
            if low <= pair[0] <= high
        ]

    def bounds(self) -> tuple[int | None, int | None]:
        """The oldest and the newest event's timestamps."""
        with self.store.lock:
            stamps = [pair[0] for _, _, pairs in self.batches for pair in pairs]
            stamps += [stamp for lot in self.packed for stamp in (lot.first, lot.last)]
        return min(stamps, default=None), max(stamps, default=None)


class Store:
    """What all streams' events share: one lock and one bound."""

    def __init__(
        self, limit: int = LIMIT, unpacked: int = UNPACKED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lock = threading.RLock()
        self.limit = limit
        self.unpacked = unpacked
        self.held = 0
        self.dropped = 0
        """Events that had to go, in all."""
        self._clock = clock
        self._said = float("-inf")
        self._order: deque[Events] = deque()
        """Whose lot was packed first, second, ..."""
        self._open: OrderedDict[Events, None] = OrderedDict()
        self._open_size = 0

    def put(self, events: Events, batch: Batch) -> None:
        """Add a batch to a stream's events."""
        size = sum(len(pair[1]) for pair in batch[2])
        with self.lock:
            events.batches.append(batch)
            events.size += size
            self._open_size += size
            self._open[events] = None
            self._open.move_to_end(events)
            if events.size >= PACK:
                self._pack(events)
            while self._open_size > self.unpacked:
                self._pack(next(iter(self._open)))
            while self.held > self.limit:
                self._drop_oldest()

    def _pack(self, events: Events) -> None:
        stamps = [pair[0] for _, _, pairs in events.batches for pair in pairs]
        lot = Packed(zlib.compress(marshal.dumps(events.batches), 1), len(stamps), min(stamps), max(stamps))
        events.packed.append(lot)
        self._order.append(events)
        self.held += len(lot.data) + OVERHEAD
        self._open_size -= events.size
        self._open.pop(events, None)
        events.batches, events.size = [], 0

    def _drop_oldest(self) -> None:
        lot = self._order.popleft().packed.popleft()
        self.held -= len(lot.data) + OVERHEAD
        self.dropped += lot.events
        if self._clock() - self._said >= SAY_AGAIN:
            self._said = self._clock()
            LOG.warning(
                "CloudWatch Logs keeps the newest %d MB: %d events, the oldest, are gone so far",
                self.limit // MEGABYTE,
                self.dropped,
            )


def put_events(store: Store, stream: Any, pairs: list[Pair], now_ms: int) -> None:
    """What PutLogEvents does to one of moto's streams, where nothing subscribes to it."""
    with store.lock:
        events = stream.events
        # events of another store are restored ones: from now on they count for this one
        if not isinstance(events, Events) or events.store is not store:
            events = Events(store)
            events += list(stream.events)
            stream.events = events
        first, LogEvent._event_id = LogEvent._event_id, LogEvent._event_id + len(pairs)
        store.put(events, (first, now_ms, pairs))
        stream.last_ingestion_time = now_ms
        stream.stored_bytes += sum(len(pair[1]) for pair in pairs)
        stream.upload_sequence_token += 1


def mend_log_streams() -> None:
    """Let moto's readers unpack no more than the time that they are asked for, and give each event an id of its own.

    moto counts from 0 in every process: after a restart, new events would have the ids of restored ones.
    """
    LogEvent._event_id = time.time_ns() // 1000
    update, get, search = LogStream._update, LogStream.get_log_events, LogStream.filter_log_events

    def within(stream: Any, start: int | None, end: int | None) -> Any:
        """A stream with the events of a time only."""
        if not isinstance(stream.events, Events):
            return stream
        return SimpleNamespace(events=stream.events.between(start, end), log_stream_name=stream.log_stream_name)

    def update_bounds(self: Any) -> None:
        if isinstance(self.events, Events):
            self.first_event_timestamp, self.last_event_timestamp = self.events.bounds()
        else:
            update(self)

    def get_log_events(self: Any, start_time: Any, end_time: Any, *arguments: Any, **options: Any) -> Any:
        return get(within(self, start_time, end_time), start_time, end_time, *arguments, **options)

    def filter_log_events(self: Any, start_time: Any, end_time: Any, *arguments: Any, **options: Any) -> Any:
        return search(within(self, start_time, end_time), start_time, end_time, *arguments, **options)

    LogStream._update = update_bounds
    LogStream.get_log_events = get_log_events
    LogStream.filter_log_events = filter_log_events
