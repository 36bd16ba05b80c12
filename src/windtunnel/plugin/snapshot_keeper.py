"""The thread that writes snapshots while the backplane works."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from windtunnel.plugin.snapshot_schedule import Round, Schedule
from windtunnel.plugin.snapshot_services import running
from windtunnel.plugin.snapshot_writer import Writer

LOG = logging.getLogger(__name__)
CALM = 0.1
"""Seconds to wait for a moment in which no changing call is under way. Nobody is held up for it."""
CALM_STEP = 0.005
STEP_LIMIT = 3.0
"""Seconds that a snapshot in the middle of such an operation waits for the resource that is being made."""
TIMEOUT = 5.0
"""Seconds that a snapshot may take, or twenty times as long as the last one did. It may hang: see snapshot_fork.py."""
LAST_TIMEOUT = 1.5
"""For the last one, when the backplane ends: outside a container it has two seconds."""


class Keeper:
    """Told of every changing call; has what they changed on disk soon after."""

    def __init__(self, writer: Writer, patience: float, last: float = LAST_TIMEOUT) -> None:
        """`last`: seconds that the last snapshot may take, with the wait for one under way.

        `patience`: seconds that an operation of CloudFormation's is waited for; a kill leaves what was before it.

        One that takes longer is in snapshots as far as it came, between two of its resources.
        """
        self._writer = writer
        self._patience = patience
        self._last = last
        self._schedule = Schedule()
        self._condition = threading.Condition()
        self._writing = threading.Lock()
        self._calls = 0
        self._deployments: set[object] = set()
        self._deploying_since = 0.0
        self._steps = 0
        self._between_steps = False
        self._closed = False
        self._took = 0.0
        self._thread = threading.Thread(target=self._run, name="windtunnel-snapshot", daemon=True)

    def start(self) -> None:
        self._thread.start()

    # --- what is told by requests: cheap --------------------------------------------------------------------------

    def call_begins(self) -> None:
        with self._condition:
            self._calls += 1

    def call_ended(self, service: str, *, changed: bool, data: bool) -> None:
        with self._condition:
            self._calls = max(0, self._calls - 1)
            if changed and self._schedule.changed(service, time.monotonic(), data=data):
                self._condition.notify_all()

    def deployment_begins(self, token: object) -> None:
        with self._condition:
            if not self._deployments:
                self._deploying_since = time.monotonic()
            self._deployments.add(token)

    def deployment_ended(self, token: object) -> None:
        with self._condition:
            self._deployments.discard(token)
            self._schedule.changed("cloudformation", time.monotonic())
            self._condition.notify_all()

    @contextmanager
    def deployment_step(self) -> Iterator[None]:
        """A resource is made, changed or deleted in the block. While a snapshot is taken, none begins."""
        with self._condition:
            self._condition.wait_for(lambda: not self._between_steps, STEP_LIMIT + TIMEOUT)
            self._steps += 1
        try:
            yield
        finally:
            with self._condition:
                self._steps -= 1
                self._condition.notify_all()

    def settled(self) -> bool:
        """Whether everything is on disk, as far as anybody knows."""
        with self._condition:
            return self._schedule.settled and not self._deployments and not self._between_steps

    # --- the thread -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write what is not written yet, and nothing after that. A deployment under way counts as never begun."""
        with self._condition:
            self._closed = True
            pending = bool(self._schedule.pending) and not self._deployments
            self._condition.notify_all()
        deadline = time.monotonic() + self._last
        if pending and self._writing.acquire(timeout=self._last):
            try:
                self._write(max(0.1, deadline - time.monotonic()))
            finally:
                self._writing.release()

    def _run(self) -> None:
        while self._wait():
            try:
                with self._writing:
                    if not self._closed:
                        self._write(max(TIMEOUT, 20 * self._took))
            except Exception:
                LOG.exception("a snapshot failed; the next try is in a moment")
                with self._condition:
                    self._schedule.failed(Round(), time.monotonic())

    def _wait(self) -> bool:
        """Until a snapshot is due. False once closed."""
        with self._condition:
            while not self._closed:
                now = time.monotonic()
                due = self._schedule.due_at()
                if due is not None and self._deployments:
                    due = max(due, self._deploying_since + self._patience)
                if due is not None and due <= now:
                    return True
                self._condition.wait(None if due is None else due - now)
            return False

    def _write(self, timeout: float) -> None:
        try:
            with self._condition:
                self._between_steps = True
                self._condition.wait_for(lambda: not self._steps, STEP_LIMIT)
            self._write_now(timeout)
        finally:
            with self._condition:
                self._between_steps = False
                self._condition.notify_all()

    def _write_now(self, timeout: float) -> None:
        self._await_calm()
        with self._condition:
            began = time.monotonic()
            this = self._schedule.take(began)
            resting = self._schedule.resting(began)
        looked_at = {name for name in running() if this.look and name not in resting}
        services = looked_at | (this.services & set(running()))
        written = self._writer.write(services, timeout)
        now = time.monotonic()
        # after a failure more time: it may have been the machine
        self._took = (2 * self._took + 0.5) if written.error else now - began
        with self._condition:
            if written.error:
                LOG.warning("a snapshot came to nothing, the one before still counts: %s", written.error)
                self._schedule.failed(this, now)
                return
            self._schedule.done(this, now, written.took, written.changed)
        if written.changed:
            LOG.debug(
                "snapshot of %s in %.0f ms, of which the engine stood still for %.1f",
                ", ".join(f"{name} ({1000 * written.took[name]:.0f} ms)" for name in written.changed),
                1000 * (now - began),
                1000 * written.paused,
            )

    def _await_calm(self) -> None:
        end = time.monotonic() + CALM
        while self._calls and time.monotonic() < end:
            time.sleep(CALM_STEP)
