"""The response that API Gateway's proxy integration takes from a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proxy_integration import json_body


@dataclass(frozen=True)
class Response:
    """A status code and what is to be the JSON body."""

    status: int
    body: Any

    def to_proxy(self, allow_origin: str) -> dict[str, Any]:
        """With a proxy integration API Gateway adds no CORS header itself: the function does, on every answer."""
        return {
            "statusCode": self.status,
            "headers": {"Content-Type": "application/json", "Access-Control-Allow-Origin": allow_origin},
            "body": json_body.serialise(self.body),
            "isBase64Encoded": False,
        }
