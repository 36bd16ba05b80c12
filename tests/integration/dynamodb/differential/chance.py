"""Choices, drawn from hypothesis so that it can shrink what was chosen: earlier choices are simpler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hypothesis import strategies as st


class Draw(Protocol):
    def __call__[T](self, strategy: st.SearchStrategy[T]) -> T: ...


PERCENT = st.integers(0, 99)


class Chance:
    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def one[T](self, options: Sequence[T]) -> T:
        return options[self._draw(st.integers(0, len(options) - 1))]

    def often(self, percent: int) -> bool:
        """True so often; False is the simpler."""
        return self._draw(PERCENT) >= 100 - percent

    def upto(self, most: int, least: int = 0) -> int:
        return self._draw(st.integers(least, most))

    def some[T](self, options: Sequence[T], most: int, least: int = 1) -> list[T]:
        """So many different ones."""
        rest, taken = list(options), []
        for _ in range(min(len(rest), self.upto(most, least))):
            taken.append(rest.pop(self.upto(len(rest) - 1)))
        return taken

    def many[T](self, make: Callable[[], T], most: int, least: int = 1) -> list[T]:
        return [make() for _ in range(self.upto(most, least))]
