"""Content compression of a REST API's answers.

Sources: API Gateway Developer Guide, "Payload compression for REST APIs", "Receive an API response with a compressed
payload" and "Supported content codings": deflate, gzip and identity, with quality values, and * for any.
"""

from __future__ import annotations

import gzip
import zlib

_CODINGS = ("gzip", "deflate", "identity")
"""Those that are known, in the order of preference where the client has none."""


def compressed(
    accept_encoding: str | None, headers: list[tuple[bytes, bytes]], body: bytes
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body with the coding that the client likes best; as they are where it is none, or they have one."""
    coding = chosen_coding(accept_encoding or "")
    if coding == "identity" or any(name.lower() == b"content-encoding" for name, _ in headers):
        return headers, body
    smaller = gzip.compress(body, 6, mtime=0) if coding == "gzip" else zlib.compress(body)
    return [*headers, (b"Content-Encoding", coding.encode())], smaller


def chosen_coding(accept_encoding: str) -> str:
    """gzip, deflate or identity, by an Accept-Encoding header (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for entry in accept_encoding.split(","):
        name, _, parameters = entry.partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    others = weights.get("*", 0.0)
    best, best_weight = "identity", weights.get("identity", 0.0)
    for coding in _CODINGS[:2]:
        weight = weights.get(coding, others)
        if weight > 0 and (weight > best_weight or (weight == best_weight and best == "identity")):
            best, best_weight = coding, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
