"""A request off the socket as API Gateway sees it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.request import Request

MAX_BODY = 10 * 1024 * 1024
"""Bytes. Source: API Gateway quotas, "Payload size"."""
TOO_LONG = b"HTTP content length exceeded 10485760 bytes."
"""What AWS answers to more, with 413 and as text; no gateway response customises it (recorded:
koki-develop/lgtm-generator issue 10)."""
TOO_LONG_TYPE = b"text; charset=utf-8"
TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


def request_id(entropy: bytes) -> str:
    """A version 4 UUID of 16 random bytes."""
    text = entropy.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[entropy[8] >> 6]}{text[17:20]}-{text[20:]}"


def extended_request_id(entropy: bytes) -> str:
    """An x-amz-apigw-id, of 11 random bytes: 15 characters and an equals sign, as AWS's are."""
    return base64.b64encode(entropy).decode()


def trace_id(sent: str | None, now: float, entropy: bytes) -> str:
    """The X-Amzn-Trace-Id that goes on: the client's where it is one, else one of its own from 12 random bytes.

    Source: X-Ray Developer Guide, "Tracing header".
    """
    if sent and TRACE.search(sent):
        return sent
    return f"Root=1-{int(now):08x}-{entropy.hex()}"


def incoming(
    stage: Stage,
    method: str,
    paths: tuple[str, str, str],
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    peer: tuple[str, int],
    host: str,
    port: int,
    http10: bool,
    now: float,
    base_path: str = "",
) -> Request:
    """`paths` are the path below the stage, the whole path and the query, all as sent."""
    entropy = os.urandom(39)
    text = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
    lowered = {name.lower(): value for name, value in text}
    return Request(
        stage=stage,
        request_id=request_id(entropy[:16]),
        extended_request_id=extended_request_id(entropy[16:27]),
        trace_id=trace_id(lowered.get("x-amzn-trace-id"), now, entropy[27:]),
        http_method=method,
        path=paths[0],
        full_path=paths[1],
        query=paths[2],
        headers=text,
        lowered=lowered,
        body=body,
        source_ip=peer[0],
        source_port=peer[1],
        domain_name=host,
        port=port,
        base_path=base_path,
        protocol="HTTP/1.0" if http10 else "HTTP/1.1",
        time=now,
    )
