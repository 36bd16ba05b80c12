"""Starting functions' processes: the keeper below which they live, and the zygotes that fork them.

One of each kind of zygote is started when it is needed first, or in advance (`prepare`), and again when it has ended.
Where the kernel grants functions no file systems of their own, that is said once, and they see the host's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windtunnel.errors import EngineError
from windtunnel.functions import bootstrap, isolation, keeper, zygote_main
from windtunnel.functions.process_exit import ProcessExit
from windtunnel.functions.runtimes import LINE, MAIN
from windtunnel.functions.zygote import Image, Zygote, receive, send

LOG = logging.getLogger(__name__)
ATTEMPTS = 4
"""How often a zygote is started that is killed meanwhile."""
BOOTSTRAP = "/var/rapid/bootstrap.py"
RAPID = ((LINE, "/var/rapid/node_line.cjs"), (MAIN, "/var/rapid/node_main.mjs"))
LIBRARIES = ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib", "/var/task", "/var/task/lib")
VARIABLES: Mapping[str, str] = {
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin",
    "LD_LIBRARY_PATH": os.pathsep.join((*LIBRARIES, "/opt/lib")),
    # botocore looks for it while it is imported: nothing of the host's
    "HOME": f"/home/{isolation.USER}",
}
"""A zygote's. What its forks have is their own, but for what the loader of programs has read by then."""


class Spawner:
    """Make one per functions plane; `close()` ends every process that it started."""

    def __init__(self, *, isolate: bool = True) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="windtunnel-root-")) if sys.platform == "linux" and isolate else None
        self._zygotes: dict[Image, asyncio.Task[Zygote]] = {}
        self._free = list(reversed(isolation.uids())) if os.geteuid() == 0 and self._root else []
        """Users that no environment has."""
        self._end, self._keeper = _start_keeper()

    def close(self) -> None:
        """End everything that it started."""
        for task in self._zygotes.values():
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None:
                task.result().close()
        self._zygotes.clear()
        self._end.close()
        self._keeper.wait()
        if self._root is not None:
            self._root.rmdir()
            self._root = None

    def prepare(self, image: Image) -> None:
        """Have such a zygote started, soon."""
        if image not in self._zygotes:
            self._begin(image)

    async def zygote(self, image: Image) -> Zygote:
        """The zygote of an image, started where there is none. Raises EngineError."""
        task = self._zygotes.get(image) or self._begin(image)
        return await asyncio.shield(task)

    def replace(self, zygote: Zygote) -> None:
        """It has ended: have another one when one is needed."""
        zygote.close()
        task = self._zygotes.get(zygote.image)
        if task is not None and task.done() and not task.cancelled() and task.result() is zygote:
            LOG.warning("a zygote ended: another one is started")
            self._begin(zygote.image)

    # --- users ----------------------------------------------------------------------------------------------------

    def take_user(self) -> int | None:
        """A user for an environment; None where windtunnel is not root, or there is none left."""
        return self._free.pop() if self._free else None

    def give_user(self, user: int) -> None:
        """Take it back."""
        self._free.insert(0, user)

    # --- zygotes --------------------------------------------------------------------------------------------------

    def _begin(self, image: Image) -> asyncio.Task[Zygote]:
        task = self._zygotes[image] = asyncio.get_running_loop().create_task(self._start(image))
        task.add_done_callback(lambda done: self._begun(image, done))
        return task

    def _begun(self, image: Image, task: asyncio.Task[Zygote]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed and self._zygotes.get(image) is task:
            del self._zygotes[image]

    async def _start(self, image: Image) -> Zygote:
        """Raises EngineError."""
        for _ in range(ATTEMPTS):
            root = self._root
            end, told, code = await self._run(image, root)
            if "modules" in told:
                return Zygote(image, end, told)
            end.close()
            if code == -signal.SIGKILL:
                # somebody's doing: it says nothing of the next one
                continue
            if root is None:
                raise EngineError(f"{image.interpreter} does not start", hint="see the engine's log")
            if self._root is not None:
                why = told.get("failed") or f"a zygote did not start in one of its own (exit code {code})"
                LOG.warning("functions see the host's file system, because %s", why)
                self._root.rmdir()
                self._root = None
        raise EngineError(f"{image.interpreter} was killed {ATTEMPTS} times as it started")

    def _replace_keeper(self) -> None:
        """It was killed, and all below it with it."""
        LOG.warning("the functions' keeper ended: another one is started")
        self._end.close()
        self._keeper.wait()
        self._end, self._keeper = _start_keeper()

    async def _run(self, image: Image, root: Path | None) -> tuple[socket.socket, Mapping[str, Any], int | None]:
        """Start a zygote: the socket to it, what it told first, and its exit code where it is gone already."""
        order = {
            "root": str(root) if root else "",
            "shown": [(str(path), at) for path, at in image.shown],
            "texts": {BOOTSTRAP: Path(bootstrap.__file__).read_text(), **{at: file.read_text() for file, at in RAPID}},
            "packages": str(image.packages or ""),
            "modules": image.modules,
            "clients": image.clients,
        }
        words = [str(image.interpreter), "-P", "-s", zygote_main.__file__, json.dumps(order)]
        end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        end.setblocking(False)
        status, their_status = os.pipe()
        message, given = {"words": words, "variables": VARIABLES}, [theirs.fileno(), 2, their_status]
        try:
            try:
                await send(self._end, message, given)
            except ConnectionError:
                self._replace_keeper()
                await send(self._end, message, given)
        finally:
            theirs.close()
            os.close(their_status)
        try:
            told, _ = await receive(end)
        except BaseException:
            end.close()
            os.close(status)
            raise
        if told is not None and "modules" in told:
            os.close(status)
            return end, told, None
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[int] = loop.create_future()
        ProcessExit(status, loop, gone.set_result)
        return end, told or {}, await gone


def _start_keeper() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        words = [sys.executable, "-I", "-S", keeper.__file__, str(theirs.fileno())]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), env={}, cwd="/", start_new_session=True
        )
    end.setblocking(False)
    return end, process
