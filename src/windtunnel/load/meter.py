"""DynamoDB's capacity while a run goes on: asked of the engine now and then, so that a stretch can be told apart."""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.errors import WindtunnelError
from windtunnel.load.capacity import Consumed, Counted, Look, counted_between

EVERY_SECONDS = 1.0
"""How often the engine is asked at most while the run goes on, and how long it has for an answer then."""
PATIENCE = 10.0
"""How long it has before the run and after it."""


class CapacityMeter:
    """The looks at what an engine counted. `clock` is seconds since the epoch.

    `ask` asks it, with a limit in seconds: Counted, or None where it does not tell. It raises WindtunnelError where
    nobody answers.
    """

    def __init__(self, ask: Callable[[float], Counted | None], clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._asked = 0.0
        self.looks: list[Look] = []
        self.notes: list[str] = []

    def begin(self) -> None:
        """The first look, without which there are no others."""
        try:
            self._look(PATIENCE)
        except WindtunnelError as error:
            self.notes.append(f"what DynamoDB consumes could not be read from the engine: {error}")

    def look(self) -> None:
        """One more while the run goes on, if it is time. One that fails is a gap: the run goes on all the same."""
        if not self.looks or self._clock() - self._asked < EVERY_SECONDS:
            return
        try:
            self._look(EVERY_SECONDS)
        except WindtunnelError:
            return

    def end(self, tables: tuple[str, ...]) -> tuple[Consumed, ...] | None:
        """The last look, and what the tables consumed since the first; None where the engine does not tell."""
        if not self.looks:
            return None
        try:
            self._look(PATIENCE)
        except WindtunnelError as error:
            self.notes.append(f"what DynamoDB consumed could not be read from the engine: {error}")
            return None
        found = counted_between(self.looks[0].counted, self.looks[-1].counted, tables)
        if found is None:
            self.notes.append("DynamoDB was started anew in the run: its capacity is CloudWatch's, of whole minutes")
        return found

    def _look(self, patience: float) -> None:
        self._asked = self._clock()
        counted = self._ask(patience)
        if counted is not None:
            # when in the meantime it counted is not known
            self.looks.append(Look((self._asked + self._clock()) / 2, counted))
