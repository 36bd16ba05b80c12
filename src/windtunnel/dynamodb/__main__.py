"""`python -m windtunnel.dynamodb CONFIG.json DESCRIPTORS`: the server of an engine, until SIGTERM.

DESCRIPTORS is a JSON object: the inherited listening socket "dynamodb". By itself it is `windtunnel dynamodb`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import socket
import sys
from pathlib import Path

import uvloop

from windtunnel.dynamodb.server import DynamoDB
from windtunnel.dynamodb.server_config import ServerConfig
from windtunnel.dynamodb.true_to_life import TrueToLife


async def _serve(config: ServerConfig, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if config.data:
        config.data.parent.mkdir(parents=True, exist_ok=True)
    server = DynamoDB(config.data, TrueToLife.of(config.options, "windtunnel.toml"))
    await server.listen(listener)
    # what is there now stays: the collector need not look at it again with every request
    gc.collect()
    gc.freeze()
    await stop.wait()
    await server.close()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = ServerConfig.read(Path(sys.argv[1]))
    listener = socket.socket(fileno=json.loads(sys.argv[2])["dynamodb"])
    uvloop.run(_serve(config, listener))


if __name__ == "__main__":
    main()
