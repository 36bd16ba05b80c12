"""Sources: Developer Guide, "Receive an API response with a compressed payload", and RFC 9110, 12.5.3."""

from __future__ import annotations

import gzip
import zlib

import pytest

from windtunnel.apigateway.compression import chosen_coding, compressed

BODY = b"a" * 1000


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate, gzip", "gzip"),
        ("GZIP", "gzip"),
        ("deflate;q=0.5,gzip;q=1.0", "gzip"),
        ("deflate;q=1.0,gzip;q=0.5", "deflate"),
        ("gzip;q=1.0,identity;q=0.5,*;q=0", "gzip"),
        ("gzip;q=0.2,identity;q=0.5", "identity"),
        ("*", "gzip"),
        ("gzip;q=0,*", "deflate"),
        ("gzip;q=0", "identity"),
        ("gzip;q=x", "identity"),
        ("gzip;level=9", "gzip"),
        ("br, zstd", "identity"),
    ],
)
def test_the_coding_that_a_client_likes_best(accept_encoding: str, expected: str) -> None:
    assert chosen_coding(accept_encoding) == expected


def test_gzip_and_deflate() -> None:
    headers, body = compressed("gzip", [(b"A", b"1")], BODY)
    assert headers == [(b"A", b"1"), (b"Content-Encoding", b"gzip")]
    assert gzip.decompress(body) == BODY

    headers, body = compressed("deflate", [], BODY)
    assert headers == [(b"Content-Encoding", b"deflate")]
    assert zlib.decompress(body) == BODY


def test_what_nobody_asked_for_or_is_coded_already_stays() -> None:
    assert compressed(None, [], BODY) == ([], BODY)
    assert compressed("gzip", [(b"content-encoding", b"br")], BODY) == ([(b"content-encoding", b"br")], BODY)
