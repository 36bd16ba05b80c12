"""The DynamoDB server: both wire protocols (JSON 1.0, DynamoDB and DynamoDB Streams) on one port.

What is written in one turn of the loop is committed together, and no answer leaves before what it tells of is durable:
reads wait as well where they may have seen what is not committed yet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any, NoReturn

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.consumed import Bill
from windtunnel.dynamodb.control import CONTROL, Control
from windtunnel.dynamodb.dispatch import TARGETS
from windtunnel.dynamodb.errors import DynamoDBError, internal_error, serialization, unknown_operation
from windtunnel.dynamodb.housekeeping import Housekeeping
from windtunnel.dynamodb.life import Life
from windtunnel.dynamodb.lifecycle import AT_ONCE
from windtunnel.dynamodb.meter import Meter, metrics_folder
from windtunnel.dynamodb.request import JSON_TYPES, UNCOUNTED, caller
from windtunnel.dynamodb.row import dumps
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.true_to_life import TrueToLife
from windtunnel.dynamodb.validate import check_request
from windtunnel.http.exchange import BodyTooLarge
from windtunnel.http.messages import Headers
from windtunnel.http.server import Exchange, Server, answering

LOG = logging.getLogger(__name__)
MAX_BODY = 16 * 1024 * 1024
"""Developer Guide, "Quotas": a request of BatchWriteItem or BatchGetItem has 16 MB at most."""
HOUSEKEEPING = 0.5
"""Seconds between looks at what expires, or has come to be."""
JSON = b"application/x-amz-json-1.0"
UNCOUNTED_BYTES = UNCOUNTED.encode()


_Served = tuple[str, Bill, float, float]
"""Of an answer that is to be counted: the operation, what it is counted for, when it came (monotonic, Unix time)."""
_Answer = tuple[int, Headers, bytes, _Served | None]
"""Status, headers, body. A plain tuple: a named one is dearer, and there is one for each request."""


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class DynamoDB:
    """The engine: a store, and the server in front of it. Make it inside the running loop."""

    def __init__(self, path: Path | None, options: TrueToLife | None = None) -> None:
        """`path`: the data file; None: in memory. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        self.store = Store(path, on_dirty=self._arrange_commit)
        self.life = Life(options, self._loop.time) if options and options.enabled else None
        self._waiting: list[tuple[Exchange, _Answer]] = []
        self._random = random.Random()  # noqa: S311 - request ids are no secrets
        self._answer_later = answering(self._read_and_answer, self._loop)
        self.meter = Meter(metrics_folder(path) if path else None)
        self._control = Control(self.store, self.meter)
        self._delays = options.delays if options else AT_ONCE
        self._housekeeping = Housekeeping(self.store)
        self._tick: asyncio.TimerHandle | None = None
        self._server = Server(self._answer)

    async def listen(self, sock: socket.socket | None = None, *, host: str = "127.0.0.1", port: int = 0) -> int:
        """Serve on a bound socket, or on a port (0: any). Returns the port."""
        if self._tick is None:
            self._keep_house()
        return await self._server.listen(sock, host=host, port=port)

    async def close(self) -> None:
        """Answer what is under way, commit, let go of the file."""
        if self._tick:
            self._tick.cancel()
        await self._server.close(grace=1.0)
        self._commit()
        self.meter.close()
        self.store.close()

    # --- group commit -------------------------------------------------------------------------------------------

    def _arrange_commit(self) -> None:
        self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            self.store.commit()
        except sqlite3.Error:
            LOG.exception("nothing of %d requests could be committed", len(waiting))
            failed = self._error(internal_error())
            waiting = [(exchange, failed) for exchange, _ in waiting]
        for exchange, answer in waiting:
            self._send(exchange, answer)

    def _keep_house(self) -> None:
        try:
            self._housekeeping.run(time.time())
        except Exception:  # the boundary of a worker loop
            LOG.exception("housekeeping")
        self._tick = self._loop.call_later(HOUSEKEEPING, self._keep_house)

    # --- requests -----------------------------------------------------------------------------------------------

    def _answer(self, exchange: Exchange) -> None:
        if exchange.complete and not exchange.full:
            self._answer_body(exchange, exchange.buffered())
        else:
            self._answer_later(exchange)

    async def _read_and_answer(self, exchange: Exchange) -> None:
        try:
            body = await exchange.body(MAX_BODY)
        except BodyTooLarge:
            exchange.respond(413, (), b"")
            return
        self._answer_body(exchange, body)

    def _answer_body(self, exchange: Exchange, body: bytes) -> None:
        headers = exchange.lowered
        if exchange.target.startswith(CONTROL):
            self._settle(exchange, (*self._control.answer(exchange.method, exchange.target, headers, body), None))
            return
        if exchange.method != "POST" or headers.get(b"content-type", JSON).partition(b";")[0].strip() not in JSON_TYPES:
            self._settle(exchange, self._not_ours(exchange))
            return
        try:
            answer = self._perform(exchange, body)
        except DynamoDBError as error:
            self._count_error(exchange, error)
            answer = self._error(error)
        except Exception:  # the boundary of a request
            LOG.exception("%s", headers.get(b"x-amz-target", b"").decode("latin-1"))
            answer = self._error(internal_error())
        self._settle(exchange, answer)

    def _perform(self, exchange: Exchange, body: bytes) -> _Answer:
        """In AWS's order: the JSON, the operation, who asks, the parameters' form, the operation itself."""
        began = time.perf_counter()
        headers = exchange.lowered
        parameters = _read_json(body)
        known = TARGETS.get(headers.get(b"x-amz-target", b""))
        if known is None:
            raise unknown_operation()
        who = caller(headers, exchange.target)
        if type(parameters) is not dict:
            raise serialization()
        name, operation = known
        check_request(name, parameters)
        request_id, now, bill = self._random_id(), time.time(), Bill()
        call = Call(
            who.account,
            who.region,
            parameters,
            self.store,
            now,
            request_id,
            self.life,
            self._delays,
            headers.get(b"host", b"").decode("latin-1"),
            bill,
        )
        counted = UNCOUNTED_BYTES not in headers
        try:
            result = operation(call)
        except DynamoDBError as error:
            if counted:
                self.meter.refused(name, bill, error, now)
            raise
        except Exception:
            self.meter.system_error(name, _table_named(parameters), (who.account, who.region), now)
            raise
        served = (name, bill, began, now) if counted and bill.spent else None
        return self._ok(result if isinstance(result, bytes) else dumps(result), request_id, served)

    def _count_error(self, exchange: Exchange, error: DynamoDBError) -> None:
        headers = exchange.lowered
        try:
            who = caller(headers, exchange.target)
        except DynamoDBError:
            return  # nobody's
        if UNCOUNTED_BYTES not in headers:
            self.meter.user_error(error, who.account, who.region, time.time())

    def _settle(self, exchange: Exchange, answer: _Answer) -> None:
        if self.store.dirty:
            self._waiting.append((exchange, answer))
        else:
            self._send(exchange, answer)

    def _send(self, exchange: Exchange, answer: _Answer) -> None:
        if self.life and (seconds := self.life.latency()):
            self._loop.call_later(seconds, self._respond, exchange, answer)
        else:
            self._respond(exchange, answer)

    def _respond(self, exchange: Exchange, answer: _Answer) -> None:
        status, headers, body, served = answer
        if served is not None:
            operation, bill, began, now = served
            self.meter.served(operation, bill, time.perf_counter() - began, now)
        if exchange.gone or exchange.answered:
            return
        exchange.respond(status, headers, body)

    # --- answers ------------------------------------------------------------------------------------------------

    def _ok(self, body: bytes, request_id: str, served: _Served | None = None) -> _Answer:
        return (
            200,
            (
                (b"Content-Type", JSON),
                (b"x-amzn-RequestId", request_id.encode()),
                (b"x-amz-crc32", b"%d" % zlib.crc32(body)),
            ),
            body,
            served,
        )

    def _error(self, error: DynamoDBError) -> _Answer:
        _, headers, body, _ = self._ok(dumps(error.body()), self._random_id())
        return error.status, headers, body, None

    def _not_ours(self, exchange: Exchange) -> _Answer:
        """As AWS answers what is no request of the protocol, recorded in dynalite's test/connection.js."""
        if exchange.method == "GET":
            region = exchange.lowered.get(b"host", b"dynamodb.us-east-1.amazonaws.com")
            return 200, self._plain(body := b"healthy: %b " % region), body, None
        if exchange.method == "OPTIONS" and b"origin" in exchange.lowered:
            return 200, _preflight(exchange), b"", None
        return 404, self._plain(body := b"<UnknownOperationException/>\n"), body, None

    def _plain(self, body: bytes) -> Headers:
        return (
            (b"x-amzn-RequestId", self._random_id().encode()),
            (b"x-amz-crc32", b"%d" % zlib.crc32(body)),
        )

    def _random_id(self) -> str:
        """52 characters, as AWS's are."""
        return f"{self._random.getrandbits(208):052X}"


def _table_named(parameters: dict[str, Any]) -> str:
    """The table that a request is about; "" where it names none, or many."""
    name = parameters.get("TableName")
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def _read_json(body: bytes) -> Any:
    try:
        text = body.decode()
        try:
            value, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError:
            end = -1
        # decode() looks for space before and after it, which hardly anybody sends, and which takes as long again
        return value if end == len(text) else _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise serialization() from error


def _preflight(exchange: Exchange) -> Headers:
    """A browser's question whether it may call."""
    headers = [(b"Access-Control-Allow-Origin", b"*"), (b"Access-Control-Max-Age", b"172800")]
    for asked, allowed in (
        (b"access-control-request-headers", b"Access-Control-Allow-Headers"),
        (b"access-control-request-method", b"Access-Control-Allow-Methods"),
    ):
        if (value := exchange.lowered.get(asked)) is not None:
            headers.append((allowed, value))
    return headers
