"""`python -m windtunnel.edge CONFIG.json DESCRIPTORS`: one edge, until SIGTERM.

DESCRIPTORS is a JSON object: the inherited listening sockets "main" and "api".
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

from windtunnel.edge.config import EdgeConfig
from windtunnel.edge.server import Edge


async def _serve(config: EdgeConfig, sockets: dict[str, socket.socket]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    edge = Edge(config)
    await edge.start(sockets)
    # what is there now stays: the collector need not look at it again with every request
    gc.collect()
    gc.freeze()
    await stop.wait()
    await edge.close()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = EdgeConfig.read(Path(sys.argv[1]))
    sockets = {name: socket.socket(fileno=number) for name, number in json.loads(sys.argv[2]).items()}
    uvloop.run(_serve(config, sockets))


if __name__ == "__main__":
    main()
