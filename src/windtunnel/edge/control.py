"""The routes below /_windtunnel/: what harness and plugin say to the edge. All but the status want the token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from windtunnel.apigateway.addresses import split_target
from windtunnel.apigateway.plane import ApiGateway
from windtunnel.edge.config import TOKEN_HEADER
from windtunnel.edge.publications import Publications
from windtunnel.edge.reloads import Reloads
from windtunnel.edge.root import Root
from windtunnel.functions.control import functions_control
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

MAX_BODY = 256 * 1024 * 1024


class Controlled(Protocol):
    """What the routes act on: the edge."""

    functions: FunctionsPlane
    gateway: ApiGateway
    publications: Publications
    reloads: Reloads
    root: Root

    async def status(self) -> Mapping[str, Any]: ...

    async def consumed(self) -> Response: ...


class Control:
    """Answers the control routes."""

    def __init__(self, token: str, edge: Controlled) -> None:
        self._token = token.encode()
        self._edge = edge

    async def answer(self, exchange: Exchange) -> Response:
        """Any request below /_windtunnel/."""
        path, query = split_target(exchange.target)
        route = (exchange.method, path.removeprefix("/_windtunnel/"))
        if route == ("GET", "status"):
            return _json(200, await self._edge.status())
        if not hmac.compare_digest(exchange.lowered.get(TOKEN_HEADER.encode(), b""), self._token):
            return _json(403, {"message": f"this route wants the engine's {TOKEN_HEADER}"})
        try:
            answered = await functions_control(exchange, self._edge.functions)
            return answered if answered is not None else await self._answer(exchange, route, query)
        except (ValueError, KeyError, TypeError) as error:
            return _json(400, {"message": f"{type(error).__name__}: {error}"})

    async def _answer(self, exchange: Exchange, route: tuple[str, str], query: str) -> Response:
        edge = self._edge
        match route:
            case ("PUT", "publications"):
                document = json.loads(await exchange.body(MAX_BODY))
                refused = edge.publications.update(
                    document.get("put") or {}, document.get("delete") or [], replace=bool(document.get("replace"))
                )
                return _json(200, {"refused": refused})
            case ("PUT", "reloads"):
                document = json.loads(await exchange.body(MAX_BODY))
                unknown = edge.reloads.update(document["put"], replace=bool(document.get("replace")))
                return _json(200, {"unknown": unknown})
            case ("GET", "reloads"):
                return _json(200, {"functions": edge.reloads.describe()})
            case ("PUT", "root"):
                document = json.loads(await exchange.body(MAX_BODY))
                edge.root.set(document["api_id"], document["stage"])
                return _json(200, {})
            case ("GET", "usage"):
                asked = {name: values[-1] for name, values in parse_qs(query).items()}
                return _json(200, {"items": edge.gateway.usage(asked["plan"], asked["start"], asked["end"])})
            case ("GET", "dynamodb/consumed"):
                return await edge.consumed()
            case _:
                return _json(404, {"message": f"no such route: {route[0]} /_windtunnel/{route[1]}"})


def _json(status: int, document: Mapping[str, Any]) -> Response:
    return Response(status, [(b"Content-Type", b"application/json")], json.dumps(document).encode())
