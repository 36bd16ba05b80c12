"""Zygotes as the engine sees them: what each has imported, and how it is asked for a process (zygote_main.py)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LARGEST = 1 << 20
CLIENTS = ("dynamodb", "s3", "sqs")
"""Of boto3, whose files and modules are read ahead: the common ground of all of them, and what these need."""


@dataclass(frozen=True)
class Image:
    """What a zygote is made of. Paths are absolute and without links."""

    interpreter: Path
    packages: Path | None = None
    """The runtime's packages: AWS's client for Python. None for a zygote that only starts other programs."""
    modules: tuple[str, ...] = ()
    """What is imported beside AWS's client."""
    clients: tuple[str, ...] = ()
    shown: tuple[tuple[Path, str], ...] = ()
    """Folders that its functions see: each at the second, or at its own path where that is ""."""

    @property
    def again(self) -> list[str]:
        """What lies where an environment has folders of its own."""
        own = [str(path) for path, at in self.shown if not at]
        return [path for path in own if path.startswith(("/opt/", "/tmp/"))]  # noqa: S108


@dataclass(frozen=True)
class Order:
    """A process to make; as it sees its paths."""

    variables: Mapping[str, str]
    task: str
    opt: str
    """ "" for none."""
    bytecode: str
    """Where compiled code is kept."""
    handler: str
    files: Sequence[Any]
    """isolation.Files; empty where there is no isolation."""
    user: int | None
    """Whom it becomes; None to stay who it is."""
    words: Sequence[str] = ()
    """The program to become; () for a fork that runs a Python function."""
    extensions: Sequence[str] = ()
    """Programs to start beside it."""


class ZygoteGone(Exception):
    """It ended before it made the process: another one can."""


class SpawnedProcess:
    """A function's process: its id, and the end of a pipe that tells of its exit (process_exit.py)."""

    def __init__(self, pid: int, status: int, namespace: int | None) -> None:
        self.pid = pid
        self.status = status
        self.namespace = namespace
        """The descriptor of the file system it made; None where it made none."""


class Zygote:
    """One that is ready."""

    def __init__(self, image: Image, end: socket.socket, told: Mapping[str, Any]) -> None:
        self.image = image
        self._end = end
        self.isolated: bool = told["isolated"]
        self.modules = frozenset(told["modules"])
        """Everything it has imported, by the first part of its name."""

    async def fork(self, order: Order, given: Mapping[str, int | None]) -> SpawnedProcess:
        """Have a process made with these descriptors: "output" for its 1 and 2; the "namespace" that it is to enter,
        and its "line" to the Runtime API, where there are such. Raises OSError and ZygoteGone.
        """
        if self._end.fileno() < 0:
            raise ZygoteGone
        channel, their_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.setblocking(False)
        status, their_status = os.pipe()
        there = {name: descriptor for name, descriptor in given.items() if descriptor is not None}
        message = {**asdict(order), "given": list(there)}
        try:
            await send(self._end, message, [their_channel.fileno(), their_status, *there.values()])
        except ConnectionError as error:
            os.close(status)
            channel.close()
            raise ZygoteGone from error
        finally:
            their_channel.close()
            os.close(their_status)
        try:
            process = await _made(channel, waits_for_end=bool(order.words))
        except BaseException:
            os.close(status)
            raise
        finally:
            channel.close()
        return SpawnedProcess(process[0], status, process[1])

    def close(self) -> None:
        """Ask no more of it: it ends."""
        self._end.close()


async def _made(channel: socket.socket, *, waits_for_end: bool) -> tuple[int, int | None]:
    """What a process in the making tells: its id, and the descriptor of its file system where it made one."""
    pid: int | None = None
    namespace: int | None = None
    ready = False
    # a program is running once it has closed the channel: it may be none
    while pid is None or not ready or waits_for_end:
        message, descriptors = await receive(channel)
        if message is None:
            break
        if "error" in message:
            if namespace is not None:
                os.close(namespace)
            raise OSError(message["errno"] or 0, message["error"], message.get("program"))
        pid = message.get("pid", pid)
        ready = ready or "ready" in message
        if descriptors:
            namespace = descriptors[0]
    if pid is None:
        raise ZygoteGone
    return pid, namespace


async def send(to: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Send a message with descriptors, once there is room for it. Raises ConnectionError."""
    data = json.dumps(message).encode()
    while True:
        if to.fileno() < 0:
            raise ConnectionAbortedError
        try:
            socket.send_fds(to, [data], list(descriptors))
        except BlockingIOError:
            await asyncio.sleep(0.001)
        else:
            return


async def receive(end: socket.socket) -> tuple[Mapping[str, Any] | None, list[int]]:
    """The next message and its descriptors; None at the end."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(end.fileno(), wake)
    try:
        await readable
    finally:
        loop.remove_reader(end.fileno())
    try:
        data, descriptors, _flags, _address = socket.recv_fds(end, LARGEST, 1)
    except ConnectionError:
        return None, []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return (json.loads(data) if data else None), descriptors
