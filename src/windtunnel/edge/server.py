"""The edge: its planes, wired, and the decision which of them a request is for."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
from collections.abc import Mapping
from typing import Any

from windtunnel.access_key import account_of
from windtunnel.apigateway.addresses import Address, Domains, api_address, host_name, split_target
from windtunnel.apigateway.plane import ApiGateway
from windtunnel.edge.config import TOKEN_HEADER, EdgeConfig
from windtunnel.edge.control import Control
from windtunnel.edge.dynamodb_metrics import DynamoDBMetrics
from windtunnel.edge.passthrough import PassThrough
from windtunnel.edge.publications import Publications
from windtunnel.edge.reloads import Reloads
from windtunnel.edge.root import Root
from windtunnel.edge.telemetry import Telemetry
from windtunnel.functions.invoke_api import invoke_api
from windtunnel.functions.plane import FunctionsPlane, Options
from windtunnel.functions.stream_api import PREFIX as STREAM_PREFIX
from windtunnel.functions.stream_api import stream_api
from windtunnel.http.client import Client
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Server, answering
from windtunnel.http.upstream import UpstreamBroken, UpstreamUnreachable

UPSTREAM_ERRORS = (UpstreamBroken, UpstreamUnreachable)
LOG = logging.getLogger(__name__)
CONTROL = b"/_windtunnel/"
INVOKE = (b"/2015-03-31/functions/", STREAM_PREFIX)
CALLER = re.compile(rb"Credential=([^/,]+)/[^/,]*/([^/,]*)/")
"""A caller's access key id and region."""
DYNAMODB = (b"DynamoDB_20120810.", b"DynamoDBStreams_20120810.")


class Edge:
    """All that one edge process does. Make it inside the running loop."""

    def __init__(self, config: EdgeConfig) -> None:
        self._config = config
        loop = asyncio.get_running_loop()
        self._backplane = Client("127.0.0.1", config.backplane_port)
        self._clients = [self._backplane]
        self._pass = self._dynamodb = PassThrough(self._backplane)
        self._dynamodb_metrics: DynamoDBMetrics | None = None
        if config.dynamodb_port:
            dynamodb = Client("127.0.0.1", config.dynamodb_port)
            self._clients.append(dynamodb)
            self._dynamodb = PassThrough(dynamodb)
            self._dynamodb_metrics = DynamoDBMetrics(dynamodb, self._send_telemetry)
        self.telemetry = Telemetry(self._send_telemetry)
        self.functions = FunctionsPlane(
            folder=config.functions,
            runtimes=config.runtimes,
            endpoint_url=f"http://127.0.0.1:{config.port}",
            sink=self.telemetry,
            options=Options(idle_seconds=config.idle_seconds, freeze=config.freeze),
        )
        self.gateway = ApiGateway(
            functions=self.functions,
            telemetry=self.telemetry,
            backplane=self._backplane,
            user_pool_keys=self._user_pool_keys,
            usage_path=config.state / "usage.json",
        )
        self.publications = Publications(config.state / "publications", self._apply)
        self.reloads = Reloads(config.state / "reloads.json", self.functions.apply)
        self.root = Root(config.state / "root.json")
        self._domains: dict[str, Mapping[str, Any]] = {}
        self._mapped = Domains()
        self._api_port = 0
        control = Control(config.token, self)
        self._answer_control = answering(control.answer, loop)
        self._answer_invoke = answering(self._invoke, loop)
        self._answer_pass = answering(self._forward, loop)
        self._answer_dynamodb = answering(self._to_dynamodb, loop)
        self._server = Server(self._route, tunnel=self._pass.tunnel)

    async def start(self, sockets: Mapping[str, socket.socket]) -> None:
        """Serve what was published so far on the sockets "main" and "api"."""
        self.reloads.load()
        count = self.publications.load()
        self.root.load()
        self._api_port = sockets["api"].getsockname()[1]
        self.telemetry.start()
        if self._dynamodb_metrics:
            self._dynamodb_metrics.start()
        self.gateway.start()
        for listener in sockets.values():
            await self._server.listen(listener)
        LOG.info("edge %d: %d publications, on %s", os.getpid(), count, self._config.port)

    async def close(self) -> None:
        """End in order: requests under way are answered for a moment, what was counted is kept."""
        await self._server.close(grace=1.0)
        await self.functions.close()
        await self.gateway.close()
        if self._dynamodb_metrics:
            await self._dynamodb_metrics.close()
        await self.telemetry.close()
        for passing in {self._pass, self._dynamodb}:
            await passing.close()
        for client in self._clients:
            await client.close()

    # --- which plane ----------------------------------------------------------------------------------------------

    def _route(self, exchange: Exchange) -> None:
        target, host = exchange.target, exchange.lowered.get(b"host", b"")
        if exchange.local_port == self._api_port and not target.startswith(CONTROL):
            self._root(exchange)
            return
        address = api_address(host, target)
        if address is None and self._mapped:
            address = self._mapped.resolve(host_name(host), *split_target(target))
        if address is not None and self.gateway.knows(address.api_id, address.stage):
            self.gateway.handle(exchange, address)
        elif target.startswith(CONTROL):
            self._answer_control(exchange)
        elif exchange.method == "POST" and target.startswith(INVOKE):
            self._answer_invoke(exchange)
        elif exchange.lowered.get(b"x-amz-target", b"").startswith(DYNAMODB):
            self._answer_dynamodb(exchange)
        else:
            self._answer_pass(exchange)

    def _root(self, exchange: Exchange) -> None:
        path, query = split_target(exchange.target)
        api = self.root.api
        if api is None or not self.gateway.knows(*api):
            body = json.dumps({"message": "no API is deployed here yet: make up"}).encode()
            exchange.respond(503, [(b"Content-Type", b"application/json")], body)
            return
        # as a custom domain name without a base path
        self.gateway.handle(exchange, Address(api[0], api[1], path, path, query))

    async def _forward(self, exchange: Exchange) -> Response | None:
        await self._pass.forward(exchange)
        return None

    async def _to_dynamodb(self, exchange: Exchange) -> Response | None:
        await self._dynamodb.forward(exchange)
        return None

    async def _invoke(self, exchange: Exchange) -> Response | None:
        """Lambda's Invoke; what the functions plane leaves to LocalStack (events, dry runs) is passed on."""
        caller = CALLER.search(exchange.lowered.get(b"authorization", b""))
        place = (self._config.account, self._config.region)
        if caller:
            place = (account_of(caller[1].decode()), caller[2].decode() or self._config.region)
        if exchange.target.startswith(STREAM_PREFIX) and await stream_api(exchange, self.functions, *place):
            return None
        response = await invoke_api(exchange, self.functions, *place)
        if response is None:
            await self._pass.forward(exchange)
        return response

    # --- what the planes need of each other -----------------------------------------------------------------------

    def _apply(self, key: str, document: Mapping[str, Any] | None) -> None:
        kind = key.split("/", 1)[0]
        if kind == "function":
            self.functions.apply(key, self.reloads.publish(key, document))
        elif kind in ("stage", "keys"):
            self.gateway.apply(key, document)
        elif kind == "domains":
            domains = {name: entry for name, entry in self._domains.items() if name != key}
            if document is not None:
                domains[key] = document
            self._mapped, self._domains = Domains(domains.values()), domains
        else:
            raise ValueError(f"no such kind of publication: {key}")

    async def _send_telemetry(self, batch: bytes) -> bool:
        headers = [*self._token_header(), (b"Content-Type", b"application/json")]
        try:
            reply = await self._backplane.request("POST", b"/_windtunnel/telemetry", headers, batch, timeout=30.0)
        except (*UPSTREAM_ERRORS, TimeoutError):
            return False
        return reply.status < 300

    async def _user_pool_keys(self, pool_arn: str) -> Mapping[str, Any] | None:
        pool_id = pool_arn.rpartition("/")[2]
        target = f"/_windtunnel/user-pools/{pool_id}/jwks".encode("latin-1", "replace")
        try:
            reply = await self._backplane.request("GET", target, self._token_header(), b"", timeout=10.0)
        except (*UPSTREAM_ERRORS, TimeoutError):
            return None
        return json.loads(reply.body) if reply.status == 200 else None

    def _token_header(self) -> list[tuple[bytes, bytes]]:
        return [(b"Host", b"127.0.0.1"), (TOKEN_HEADER.encode(), self._config.token.encode())]

    async def consumed(self) -> Response:
        """What DynamoDB counted of each table since it began, in its own words."""
        if self._dynamodb_metrics is None:
            return Response(404, [], b'{"message": "DynamoDB is the backplane\'s here, which does not count"}')
        try:
            reply = await self._dynamodb_metrics.consumed()
        except (*UPSTREAM_ERRORS, TimeoutError) as error:
            return Response(503, [], json.dumps({"message": f"DynamoDB does not answer: {error}"}).encode())
        return Response(reply.status, [(b"Content-Type", b"application/json")], reply.body)

    async def status(self) -> Mapping[str, Any]:
        """The backplane's own status with ours in it; not ready while the backplane does not answer."""
        edge = {"pid": os.getpid(), "port": self._config.port, "root": self.root.api}
        try:
            reply = await self._backplane.request("GET", b"/_windtunnel/status", self._token_header(), b"", timeout=8.0)
            told = json.loads(reply.body) if reply.status == 200 else {}
        except (*UPSTREAM_ERRORS, TimeoutError, ValueError):
            told = {}
        return {"instance": self._config.instance, "ready": False, **told, "edge": edge}
