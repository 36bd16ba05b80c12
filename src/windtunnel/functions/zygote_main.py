"""A zygote: `python -P zygote_main.py ORDER` (JSON). It has imported what functions need, and forks their processes.

Descriptor 0 is its socket to the engine, 3 the keeper's ear. First it tells {"isolated", "modules"}; then each message
{"variables", "words", "task", "opt", "handler", "files", "user", "given"} with descriptors [channel, status, …], the
others as "given" names them (zygote.py), makes a process. What becomes of it is told on its channel: {"pid"}, then
{"ready": true} (with a namespace's descriptor where it made one), or {"error", "errno"}.

It has no threads and no connections, so that a fork is whole. What forks share and must not: seeds of `random` (Python
sows anew after a fork) and of OpenSSL (it looks at the process's id). Hashes of text are the same in all its forks.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import time
import types
from collections.abc import Mapping, Sequence
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
LARGEST = 1 << 20
EAR = 3
STARTED = ("bootstrap.py", "node_line.cjs", "node_main.mjs")
"""What the programs of runtimes load of windtunnel's."""
HIDDEN = ("AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER")
"""What an extension does not get (AWS Lambda Developer Guide, "Lambda Extensions API", environment variables)."""
UNABLE = 70
"""The exit status of a process that could not be made: BSD's EX_SOFTWARE."""


def find_own_files() -> None:
    """Make `windtunnel.functions` importable, as it lies beside this file; nothing of its parents is run."""
    for name, folder in (("windtunnel", os.path.dirname(HERE)), ("windtunnel.functions", HERE)):  # noqa: PTH120
        package = types.ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package


def forget_own_files() -> None:
    """Leave nothing in the way of a function's own modules but what AWS's client imports."""
    for name in [name for name in sys.modules if name.split(".")[0] in {"windtunnel", "resource"}]:
        del sys.modules[name]


class Zygote:
    """`run()` until the engine closes the socket."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        find_own_files()
        # all that is needed after the root is another
        from windtunnel.functions import bootstrap, isolation, kernel, warming

        self._bootstrap, self._isolation, self._kernel = bootstrap, isolation, kernel
        self._keeper = os.getppid()
        self._order = order
        self._engine = socket.socket(fileno=os.dup(0))
        self._ear = socket.socket(fileno=os.dup(EAR))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.close(EAR)
        self._warming = warming
        self._isolated = False

    def run(self) -> None:
        self._isolate()
        gc.disable()
        if packages := self._order["packages"]:
            isolated = self._isolated
            site = f"{self._isolation.LANG}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
            self._warming.place(self._isolation.RUNTIME if isolated else packages, site if isolated else None)
            if isolated:
                self._warming.move(self._isolation.LANG)
            self._warming.warm(self._order["modules"], self._order["clients"])
        gc.collect()
        gc.freeze()
        gc.enable()
        modules = sorted({name.split(".")[0] for name in sys.modules} - {"__main__", "windtunnel"})
        self._kernel.set_name("zygote")
        self._send(self._engine, {"isolated": self._isolated, "modules": modules})
        while True:
            data, descriptors, _flags, _address = socket.recv_fds(self._engine, LARGEST, 8)
            if not data:
                return
            self._make(json.loads(data), descriptors)

    def _isolate(self) -> None:
        """Move to a root of its own, where that is wanted."""
        if not self._order["root"]:
            return
        shown = [self._isolation.Shown(path, at) for path, at in self._order["shown"]]
        try:
            self._isolation.enter_root(self._order["root"], shown, self._order["texts"])
        except OSError as error:
            # half of a root is none: the engine starts another zygote, without
            self._send(self._engine, {"failed": str(error)})
            sys.exit(1)
        self._isolated = True

    @staticmethod
    def _send(to: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        socket.send_fds(to, [json.dumps(message).encode()], list(descriptors))

    # --- forking --------------------------------------------------------------------------------------------------

    def _make(self, order: Mapping[str, Any], descriptors: list[int]) -> None:
        channel = socket.socket(fileno=descriptors[0])
        try:
            middle = os.fork()
        except OSError as error:
            self._send(channel, {"error": str(error), "errno": error.errno})
        else:
            if middle == 0:
                self._fork(order, channel, descriptors)
            os.waitpid(middle, 0)
        channel.close()
        for descriptor in descriptors[1:]:
            os.close(descriptor)

    def _fork(self, order: Mapping[str, Any], channel: socket.socket, descriptors: list[int]) -> None:
        """In between: its child loses its parent at once, and so becomes the keeper's."""
        middle = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                # told by itself: whoever is in between may be killed there
                self._send(self._ear, {"pid": os.getpid()}, descriptors[1:2])
                self._send(channel, {"pid": os.getpid()})
                self._become(order, channel, dict(zip(order["given"], descriptors[2:], strict=True)), middle)
        except OSError as error:
            self._send(channel, {"error": str(error), "errno": error.errno})
        finally:
            os._exit(0)

    def _become(self, order: Mapping[str, Any], channel: socket.socket, given: Mapping[str, int], middle: int) -> None:
        """A function's process."""
        try:
            self._set_up(order, channel, given, middle)
        except BaseException as error:  # noqa: BLE001 - there is nobody above to hear of it
            number = error.errno if isinstance(error, OSError) else None
            said = f"{error.strerror} {error.filename or ''}" if isinstance(error, OSError) else repr(error)
            self._send(channel, {"error": said.rstrip(), "errno": number})
            os._exit(UNABLE)
        for program in order["extensions"]:
            self._extend(program, channel)
        line = given.get("line")
        if words := order["words"]:
            if line is not None:
                os.set_inheritable(line, True)
                words = [*words, str(line)]
            try:
                os.execve(words[0], words, order["variables"])  # noqa: S606
            except OSError as error:
                told = {"error": error.strerror, "errno": error.errno, "program": words[0]}
                self._send(channel, told)
                os._exit(UNABLE)
        channel.close()
        bootstrap = self._bootstrap
        forget_own_files()
        bootstrap.run(order["task"], order["opt"], order["bytecode"], order["handler"], line)
        sys.stdout.flush()
        os._exit(0)

    def _extend(self, program: str, channel: socket.socket) -> None:
        """Start an external extension: it ends with its function's process, and writes to the same log."""
        function = os.getpid()
        if os.fork():
            return
        channel.close()
        self._kernel.prctl(self._kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != function:
            os._exit(1)
        variables = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        try:
            os.execve(program, [program], variables)  # noqa: S606
        except OSError as error:
            # the init then waits for it in vain, and says so
            name = os.path.basename(program)  # noqa: PTH119
            os.write(1, f"EXTENSION\tName: {name}\tState: LaunchError\tError: {error.strerror}\n".encode())
            os._exit(1)

    def _set_up(self, order: Mapping[str, Any], channel: socket.socket, given: Mapping[str, int], middle: int) -> None:
        os.setsid()
        os.dup2(given["output"], 1)
        os.dup2(given["output"], 2)
        namespace = given.get("namespace")
        made = None
        if self._isolated:
            made = self._isolation.enter_environment(self._isolation.Files(*order["files"]), namespace)
            self._send(self._ear, {"pid": os.getpid(), "space": os.stat("/proc/self/ns/mnt").st_ino})  # noqa: PTH116
        else:
            os.chdir(order["task"])
        self._isolation.become_unprivileged(order["user"])
        if not self._isolated:
            readable = [path for path, _ in self._order["shown"]]
            variables = order["variables"]
            writable = [order["bytecode"], variables["HOME"], variables["TMPDIR"]]
            own = [os.path.join(HERE, name) for name in STARTED]  # noqa: PTH118
            self._isolation.restrict_to([*readable, order["task"], order["opt"], *own], writable)
        self._kernel.set_name("function")
        while os.getppid() == middle:
            time.sleep(0.00005)
        self._kernel.prctl(self._kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._keeper:
            os._exit(1)
        self._send(channel, {"ready": True}, [] if made is None else [made])
        kept = sorted({channel.fileno(), given.get("line", channel.fileno())})
        for descriptor in kept:
            # the channel's end tells that a program has taken over
            os.set_inheritable(descriptor, False)
        for first, last in zip([2, *kept], [*kept, 1 << 20], strict=True):
            os.closerange(first + 1, last)
        os.environ.clear()
        os.environ.update(order["variables"])
        time.tzset()


def main() -> None:
    Zygote(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    main()
