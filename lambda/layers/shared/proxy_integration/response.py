"""The response that API Gateway's proxy integration takes from a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy_integration import json_body


@dataclass(frozen=True)
class Response:
    """A status code, what is to be the JSON body, and headers beside those that every answer has."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_proxy(self, allow_origin: str) -> dict[str, Any]:
        """With a proxy integration API Gateway adds no CORS header itself: the function does, on every answer."""
        return {
            "statusCode": self.status,
            "headers": {
                "Content-Type": "application/json",
                "Access-Control-Allow-Origin": allow_origin,
                # what a page may read of an answer from another origin
                **({"Access-Control-Expose-Headers": ", ".join(self.headers)} if self.headers else {}),
                **self.headers,
            },
            "body": json_body.serialise(self.body),
            "isBase64Encoded": False,
        }
