"""A store in memory, and operations called on it at a time of the test's choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.lifecycle import AT_ONCE, Delays
from windtunnel.dynamodb.store import Store

START = 1_800_000_000.0


class World:
    """A store whose clock stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = START
        self.delays: Delays = AT_ONCE
        self.store = Store(None, clock=lambda: self.now)

    def do(self, operation: Callable[[Call], Answer], **parameters: Any) -> Any:
        """An operation's answer."""
        call = Call("000000000000", "us-east-1", parameters, self.store, self.now, delays=self.delays)
        return operation(call)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.store.close()
