"""`python nursery.py DATA_FILE`: for each line on standard input, a new server process on the data file.

It imports everything once and forks, so that a server is there in milliseconds. Tells "PID PORT" of each on standard
output. Ends at the end of its input.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from windtunnel.dynamodb.dispatch import DYNAMODB
from windtunnel.dynamodb.server import DynamoDB
from windtunnel.dynamodb.validate import check_request


async def serve(path: Path) -> None:
    server = DynamoDB(path)
    port = await server.listen()
    sys.stdout.write(f"{os.getpid()} {port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    path = Path(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed ones are nobody's to wait for
    assert DYNAMODB
    check_request("PutItem", {"TableName": "warm", "Item": {}})  # the service's model is read once
    while sys.stdin.readline():
        if os.fork() == 0:
            uvloop.run(serve(path))


if __name__ == "__main__":
    main()
