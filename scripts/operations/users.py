"""The users of a stack, through its API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from windtunnel.errors import WindtunnelError
from windtunnel.testing.clients import Api

DOMAIN = "seed.example.com"
"""Of every user that seed makes, and of no other: cleanup knows them by it."""


def list_users(api: Api) -> Iterator[dict[str, Any]]:
    """All of them. Raises WindtunnelError where the API does not answer with a page."""
    query = {"limit": "100"}
    while True:
        response = api.get("/users", params=query)
        if response.status_code != 200:
            raise WindtunnelError(f"users cannot be listed: {response.status_code} {response.text[:200]}")
        page = response.json()
        yield from page["users"]
        if "nextToken" not in page:
            return
        query["nextToken"] = page["nextToken"]
