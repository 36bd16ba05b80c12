from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from windtunnel.http.messages import DateHeader, get_header, has_header, status_line


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, b"HTTP/1.1 200 OK\r\n"),
        (404, b"HTTP/1.1 404 Not Found\r\n"),
        (299, b"HTTP/1.1 299 \r\n"),  # RFC 9112, 4: the space is there without a phrase too
    ],
)
def test_a_status_line(status: int, line: bytes) -> None:
    assert status_line(status) == line


def test_the_date_is_one_that_clients_read() -> None:
    name, _, value = DateHeader().line().partition(b": ")

    assert name == b"Date"
    assert value.endswith(b" GMT\r\n")  # RFC 9110, 5.6.7
    assert parsedate_to_datetime(value.decode().strip())


def test_headers_are_found_in_any_case() -> None:
    headers = [(b"X-A", b"1"), (b"x-a", b"2")]

    assert get_header(headers, b"x-a") == b"1"
    assert get_header(headers, b"x-b") is None
    assert has_header(headers, b"x-a")
    assert not has_header(headers, b"x-b")
