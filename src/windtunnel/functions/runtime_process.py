"""A function's process, its Runtime API and its output: one life, from spawn to exit."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from pathlib import Path

from windtunnel.functions import bootstrap
from windtunnel.functions.output import Output
from windtunnel.functions.runtime_api import Delivery, Exited, Outcome, RuntimeApi
from windtunnel.functions.spawner import Command, Spawner
from windtunnel.functions.spec import FunctionSpec, Session
from windtunnel.functions.variables import Places, function_variables


class RuntimeProcess:
    """Started when made. What it does comes out of `next_outcome()`, in order."""

    def __init__(self, spec: FunctionSpec, session: Session, places: Places, spawner: Spawner) -> None:
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._output = Output()
        self._api = RuntimeApi(self._outcomes.put)
        words = [str(places.interpreter), "-P", bootstrap.__file__, str(os.getpid())]
        command = Command(
            words=[*words, *([str(spec.layers)] if spec.layers else [])],
            variables=function_variables(spec, session, places, self._api.address),
            folder=spec.code,
            output=self._output.write_end,
        )
        try:
            self._process = spawner.spawn(command)
        except BaseException:
            self._output.start()
            self._output.close()
            self._api.close()
            raise
        self._output.start()
        self._waiter = threading.Thread(target=self._await_exit, name="function-exit", daemon=True)
        self._waiter.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def deliver(self, delivery: Delivery) -> None:
        """Hand an invocation to the runtime."""
        self._api.deliver(delivery)

    def next_outcome(self, timeout: float) -> Outcome | None:
        """What the process did next; None where that took longer than `timeout` seconds."""
        try:
            return self._outcomes.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None

    def take_output(self) -> str:
        """What it wrote since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        """The most memory it ever held, in MB; 0 where the kernel does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
        return 0

    def end(self) -> str:
        """Kill it with all that it started, and give everything back. Returns the output that was not taken."""
        if self._process.poll() is None:
            self._kill_group()
        self._waiter.join()
        # its children may have outlived it; the group's id is not used anew while they do
        self._kill_group()
        rest = self._output.take()
        self._output.close()
        self._api.close()
        return rest

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _await_exit(self) -> None:
        self._outcomes.put(Exited(self._process.wait()))
