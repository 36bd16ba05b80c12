"""`windtunnel up --watch`: brings the stack up, then serves what is saved, until it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.engines import EmbeddedEngine
from windtunnel.errors import EngineError, WindtunnelError
from windtunnel.events import Listener, Note, NotReloaded, Reloaded, Watching
from windtunnel.harness import Harness
from windtunnel.stack import Stack
from windtunnel.watch.changes import Changes
from windtunnel.watch.places import Place, counts, places, read_mounts
from windtunnel.watch.reload import NeedsDeploy, Reloader, Sources, shown

IDLE_SECONDS = 1.0
"""How often it is looked whether what is served is still what was saved, and whether the folders are still those."""
CHECKOUT_SECONDS = 5.0
"""How long a git command under way is waited for."""
MOUNTS = Path("/proc/mounts")
FAULTS = (WindtunnelError, BotoCoreError, ClientError, OSError)
"""What sources, the engine and AWS's clients meet: it is said, and watching goes on."""


class Watch:
    """One stack's sources and the engine that serves them."""

    def __init__(self, harness: Harness, listen: Listener, clock: Callable[[], float] = time.perf_counter) -> None:
        if not isinstance(harness.engine, EmbeddedEngine):
            raise EngineError("only the embedded engine serves what is saved", hint="ENGINE=embedded make dev")
        self._harness = harness
        self._listen = listen
        self._clock = clock
        self._reloader = Reloader(harness, harness.engine)
        self._changes: Changes | None = None
        self._armed: frozenset[Place] = frozenset()
        self.begun = False
        """Whether the stack is up and watched."""
        self._told: type[Exception] | None = None
        """The kind of trouble that lasts, and that was said once."""
        self._held = False
        """Whether what was lost takes a deploy, which failed: until something is saved it would fail again."""

    def run(self, up: Callable[[Stack], None]) -> None:
        """Bring the stack up, tell `up` of it, and go on until KeyboardInterrupt."""
        try:
            # what is saved while the stack is deployed is seen too
            sources = self._reloader.look()
            self._arm(sources)
            up(self._harness.up())
            self._reloader.deployed(sources)
            self.begun = True
            self._say_watching(sources)
            self._reload((), self._clock())
            while True:
                try:
                    self._turn()
                except FAULTS as error:
                    self._tell_trouble(error)
                    # what was saved may not have been seen: the next turn looks at everything
                    self._armed = frozenset()
        finally:
            if self._changes is not None:
                self._changes.close()

    def _turn(self) -> None:
        """Wait for a batch, and deal with it."""
        assert self._changes is not None
        try:
            changed = self._changes.next(IDLE_SECONDS)
        except OSError as error:
            self._listen(Note(f"{error}; looking through the folders instead"))
            self._arm(self._reloader.sources, polled=True)
            changed = set()
        began = self._clock()
        sources = self._reloader.sources
        if changed is None:
            if self._places(sources) != self._armed:
                self._arm(sources)
                self._reload((), began)
            elif not self._held:
                self._restore(began)
            return
        self._held = False
        changed |= self._rest_of_checkout(changed)
        outside = sources.outside | sources.files
        mine = sorted(path for path in changed if counts(path, sources.folders, outside))
        if not mine and self._places(sources) == self._armed:
            return
        if sources.files.intersection(mine):
            self._deploy(began)
        else:
            self._reload(mine, began)
        if self._places(self._reloader.sources) != self._armed:
            # folders came or went
            self._arm(self._reloader.sources)
            self._reload((), self._clock())

    def _reload(self, files: Collection[Path], began: float) -> None:
        try:
            outcome = self._reloader.reload()
        except NeedsDeploy:
            self._deploy(began)
            return
        except FAULTS as error:
            self._listen(NotReloaded(_readable(error)))
            return
        if outcome.functions:
            self._tell(outcome.functions, files, began)
        for fault in outcome.faults:
            self._listen(NotReloaded(fault))

    def _restore(self, began: float) -> None:
        try:
            functions = self._reloader.restore()
        except NeedsDeploy:
            self._held = not self._deploy(began)
            return
        except FAULTS as error:
            self._tell_trouble(error)
            return
        self._told = None
        if functions:
            self._tell(functions, (), began)

    def _deploy(self, began: float) -> bool:
        """A changed template, or what else is not code alone. Whether it is deployed."""
        try:
            sources = self._reloader.look()
            self._harness.deploy()
            self._reloader.deployed(sources)
        except FAULTS as error:
            self._listen(NotReloaded(_readable(error)))
            return False
        self._tell((), (self._harness.settings.template,), began)
        # what was saved meanwhile
        self._reload((), self._clock())
        return True

    def _tell_trouble(self, error: Exception) -> None:
        """Once, for as long as it lasts."""
        if type(error) is self._told:
            return
        self._told = type(error)
        if isinstance(error, EngineError):
            self._listen(Note(f"{error}; watching goes on, make up starts it"))
        else:
            self._listen(NotReloaded(_readable(error)))

    def _tell(self, functions: tuple[str, ...], files: Collection[Path], began: float) -> None:
        root = self._harness.settings.root
        self._listen(Reloaded(functions, tuple(shown(path, root) for path in files), self._clock() - began))

    def _rest_of_checkout(self, changed: Collection[Path]) -> set[Path]:
        """What a git command changes that has just begun: its lock is there as long as it works."""
        assert self._changes is not None
        found: set[Path] = set()
        locks = {folder / ".git/index.lock" for path in changed for folder in path.parents}
        deadline = time.monotonic() + CHECKOUT_SECONDS
        while any(lock.exists() for lock in locks) and time.monotonic() < deadline:
            found |= self._changes.next(0.02) or set()
        if deadline - time.monotonic() < CHECKOUT_SECONDS - 0.01:
            found |= self._changes.next(0.1) or set()
        return found

    # --- what is watched ------------------------------------------------------------------------------------------

    def _places(self, sources: Sources) -> frozenset[Place]:
        return places(sources.folders, sources.files | sources.outside)

    def _arm(self, sources: Sources, *, polled: bool = False) -> None:
        """Watch these from now on."""
        before, there = self._changes, self._places(sources)
        mounts = read_mounts(MOUNTS.read_text()) if MOUNTS.exists() else {}
        self._changes = Changes(there, {Path("/"): "fuse"} if polled else mounts)
        self._armed = there
        if before is not None:
            before.close()

    def _say_watching(self, sources: Sources) -> None:
        assert self._changes is not None
        root = self._harness.settings.root
        polled = tuple(sorted(shown(path, root) for path in self._changes.polled))
        self._listen(Watching(len(sources.folders), polled))


def _readable(error: Exception) -> WindtunnelError:
    """The same for a person to read: what AWS's clients and the file system raise has no hint."""
    if isinstance(error, WindtunnelError):
        return error
    hint = "save it again" if isinstance(error, OSError) else "make status; then save it again"
    return WindtunnelError(f"{type(error).__name__}: {error}", hint=hint)
