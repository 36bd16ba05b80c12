"""The server as a command: until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
from collections.abc import Callable
from pathlib import Path

import uvloop

from windtunnel.dynamodb.server import DynamoDB
from windtunnel.dynamodb.true_to_life import TrueToLife
from windtunnel.errors import WindtunnelError

HOST = "127.0.0.1"


def run(path: Path | None, port: int, options: TrueToLife, say: Callable[[str], None]) -> None:
    """Serve on a port (0: any) until a signal ends it. Raises WindtunnelError: the data or the port cannot be used."""
    uvloop.run(_serve(path, port, options, say))


async def _serve(path: Path | None, port: int, options: TrueToLife, say: Callable[[str], None]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    server = DynamoDB(path, options)
    try:
        bound = await server.listen(host=HOST, port=port)
    except OSError as error:
        await server.close()
        raise _no_port(port, error) from error
    data = f"data in {path}" if path else "data in memory only: it goes with the process"
    say(f"DynamoDB on http://{HOST}:{bound} ({data}); Ctrl-C ends it")
    say(f"  AWS_ENDPOINT_URL_DYNAMODB=http://{HOST}:{bound} aws dynamodb list-tables")
    if told := options.told():
        say(f"  true to life: {told}")
    # what is there now stays: the collector need not look at it again with every request
    gc.collect()
    gc.freeze()
    await stop.wait()
    await server.close()
    say("ended; all that was acknowledged is in " + str(path) if path else "ended")


def _no_port(port: int, error: OSError) -> WindtunnelError:
    if error.errno == errno.EADDRINUSE:
        return WindtunnelError(
            f"port {port} is taken",
            hint=f"end what listens there (ss -ltnp 'sport = {port}'), or choose another: --port",
        )
    return WindtunnelError(f"port {port} cannot be used: {error.strerror}", hint="choose another: --port")
