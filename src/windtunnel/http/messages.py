"""Responses, and the bytes of a response's head."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

Headers = Sequence[tuple[bytes, bytes]]
"""Names and values as they are on the wire: order, case and repetitions kept."""

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `body` is bytes, or what yields them: then it is sent as it comes.

    A streamed body is sent in chunks, unless `headers` has its Content-Length. For bytes the server writes the length.
    """

    status: int
    headers: Headers = ()
    body: bytes | AsyncIterator[bytes] = b""


class DateHeader:
    """The Date header's line, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = b"Date: " + formatdate(second, usegmt=True).encode() + b"\r\n"
        return self._line


def status_line(status: int) -> bytes:
    """The first line of a response, for any number of three digits."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def has_header(headers: Headers, name: bytes) -> bool:
    """Whether a header is there; `name` in lower case."""
    return any(key.lower() == name for key, _ in headers)


def get_header(headers: Headers, name: bytes) -> bytes | None:
    """A header's first value; `name` in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)
