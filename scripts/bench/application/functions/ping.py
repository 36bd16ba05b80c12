"""GET /ping: as little as a function can do."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": '{"message": "pong"}'}
