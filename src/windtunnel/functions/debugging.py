"""One invocation under debugpy, in an environment of its own: POST /_windtunnel/debugging.

The environment gets a layer with debugpy, whose handler waits for a debugger on 127.0.0.1 and then becomes the
function's own. Its timeout is lifted. Where the caller goes away, it ends.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from windtunnel.functions import logs
from windtunnel.functions.environment import ExecutionEnvironment
from windtunnel.functions.identifiers import new_request_id, new_trace
from windtunnel.functions.invoke_error import MAX_REQUEST, request_too_large
from windtunnel.functions.layers import merge_layers
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.functions.spec import FunctionSpec, Invocation
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

DEBUGGING = b"/_windtunnel/debugging"
LAYER = Path(__file__).with_name("debugger_layer")
PATIENCE = 24 * 3600.0
"""Seconds that a debugged invocation may take."""
HEARTBEAT = 0.5
ROOM_MB = 512
"""For debugpy, over the function's own memory."""


async def debug_invocation(exchange: Exchange, plane: FunctionsPlane) -> Response:
    """Headers: the function's key "<account>/<region>/<name>", its qualifier, the debugger's port, and the layer that
    holds debugpy. Raises InvokeError, and ValueError for a function that debugpy is not for.
    """
    said = exchange.lowered
    account, region, name = said[b"x-windtunnel-function"].decode().split("/")
    qualifier = said.get(b"x-windtunnel-version", b"").decode()
    target = plane.find(name, account=account, region=region, qualifier=qualifier or None)
    port, debugpy = int(said[b"x-windtunnel-debug-port"]), Path(said[b"x-windtunnel-debugger"].decode())
    try:
        payload = await exchange.body(MAX_REQUEST)
    except BodyTooLarge:
        raise request_too_large() from None

    environment = plane.environment_apart(target, functools.partial(debugged, port=port, debugpy=debugpy))
    invocation = Invocation(new_request_id(), payload or b"{}", target.arn, new_trace(time.time()))
    return Response(200, [(b"Content-Type", b"application/json")], _run(environment, invocation))


async def _run(environment: ExecutionEnvironment, invocation: Invocation) -> AsyncGenerator[bytes]:
    """Blank lines while it runs, since only who is written to is known to be there; then the result as JSON."""
    running = asyncio.get_running_loop().create_task(environment.invoke(invocation))
    try:
        while not (await asyncio.wait([running], timeout=HEARTBEAT))[0]:
            yield b"\n"
    finally:
        # an invocation that is under way ends as a crash
        await environment.stop()
    result = await running
    told = {
        "payload": base64.b64encode(result.payload).decode(),
        "error": "Unhandled" if result.is_error else "",
        "log": logs.tail(result.lines).decode(errors="replace"),
    }
    yield json.dumps(told).encode()


def debugged(spec: FunctionSpec, folder: Path, *, port: int, debugpy: Path) -> FunctionSpec:
    """The spec of a function that waits for a debugger; `folder` is where environments have theirs. Raises
    ValueError.
    """
    if not spec.runtime.startswith("python"):
        raise ValueError(f"{spec.name} runs on {spec.runtime}, and debugpy is for Python")
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is no port")
    layers = [*([spec.layers] if spec.layers else []), debugpy, LAYER]
    return replace(
        spec,
        handler="windtunnel_debugger.handler",
        layers=merge_layers(layers, folder.with_name(f"{folder.name}-debugged")),
        timeout=PATIENCE,
        memory_mb=spec.memory_mb + ROOM_MB,
        variables={**spec.variables, "WINDTUNNEL_DEBUGGER": f"{port} {spec.handler}"},
    )
