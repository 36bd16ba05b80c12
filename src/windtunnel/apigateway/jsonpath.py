"""JSONPath, as mapping templates and parameter mappings use it: $.a.b, ['a'], [0], [-1], [1:3], [*], .*, ..a, [0,1].

Source: API Gateway Developer Guide, "Variables for data transformations", which refers to JsonPath for Java. Filters
([?(...)]) and functions are not known here: the path then finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""(?P<deep>\.\.)?(?:(?<=\.\.)(?P<after>\*|[^.\[\]*]+)|\.(?P<name>\*|[^.\[\]*]+)|\[(?P<index>[^\]]*)\])"""
)
_QUOTED = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)")\s*(?:,|$)""")
_SLICE = re.compile(r"\s*((?:-?[0-9]{1,9})?)\s*:\s*((?:-?[0-9]{1,9})?)\s*")
_INTEGER = re.compile(r"\s*-?[0-9]{1,9}\s*")


def find(document: object, path: str) -> tuple[object, bool]:
    """What a path finds, and whether it finds anything. Of a path that can find several values, the list of them."""
    parsed = _parsed(path.strip())
    if parsed is None:
        return None, False
    steps, definite = parsed
    found: list[Any] = [document]
    for step in steps:
        found = [value for each in found for value in step(each)]
    if definite:
        return (found[0], True) if found else (None, False)
    return found, True


@lru_cache(maxsize=512)
def _parsed(path: str) -> tuple[tuple[Step, ...], bool] | None:
    """The steps, and whether they lead to one place; None for what is not understood."""
    if path.startswith("$"):
        path = path[1:]
    elif path and path[0] not in ".[":
        path = "." + path
    steps: list[Step] = []
    definite, at = True, 0
    while at < len(path):
        token = _TOKEN.match(path, at)
        if token is None:
            return None
        at = token.end()
        if token["deep"]:
            steps.append(_descendants)
            definite = False
        name = token["after"] or token["name"]
        selected = _by_name(name) if name is not None else _by_index(token["index"].strip())
        if selected is None:
            return None
        step, single = selected
        steps.append(step)
        definite = definite and single
    return tuple(steps), definite


def _by_name(name: str) -> tuple[Step, bool]:
    return (_children, False) if name == "*" else (_keys((name,)), True)


def _by_index(text: str) -> tuple[Step, bool] | None:
    if text == "*":
        return _children, False
    if text[:1] in ("'", '"'):
        names = tuple(first or second for first, second in _QUOTED.findall(text))
        return (_keys(names), len(names) == 1) if names else None
    span = _SLICE.fullmatch(text)
    if span:
        begin, end = (int(part) if part else None for part in span.groups())
        return _span(slice(begin, end)), False
    parts = text.split(",")
    if all(_INTEGER.fullmatch(part) for part in parts):
        return _positions(tuple(int(part) for part in parts)), len(parts) == 1
    return None


def _keys(names: tuple[str, ...]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            yield from (value[name] for name in names if name in value)

    return step


def _positions(positions: tuple[int, ...]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (value[position] for position in positions if -len(value) <= position < len(value))

    return step


def _span(span: slice) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[span]

    return step


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descendants(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(list(_children(each))))
