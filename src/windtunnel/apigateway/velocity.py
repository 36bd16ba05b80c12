"""Values as Velocity has them: Python's, with the methods of Java's String, List and Map that templates call.

Sources: API Gateway Developer Guide, "Mapping template variable reference for REST APIs" (keySet, get, size, replaceAll
in its examples); the Java API of these types; LocalStack's validated tests for how they print.
"""

# Java's names are what templates call
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


class Text(str):
    """A String."""

    __slots__ = ()

    def toString(self) -> Text:
        return self

    def trim(self) -> Text:
        return Text(self.strip())

    def toLowerCase(self) -> Text:
        return Text(self.lower())

    def toUpperCase(self) -> Text:
        return Text(self.upper())

    def length(self) -> int:
        return len(self)

    def isEmpty(self) -> bool:
        return not self

    def contains(self, part: str) -> bool:
        return part in self

    def startsWith(self, part: str) -> bool:
        return self.startswith(part)

    def endsWith(self, part: str) -> bool:
        return self.endswith(part)

    def equals(self, other: object) -> bool:
        return self == other

    def equalsIgnoreCase(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def concat(self, other: str) -> Text:
        return Text(self + other)

    def indexOf(self, part: str) -> int:
        return self.find(part)

    def lastIndexOf(self, part: str) -> int:
        return self.rfind(part)

    def substring(self, begin: int, end: int | None = None) -> Text:
        return Text(self[begin:end])

    def matches(self, pattern: str) -> bool:
        return re.fullmatch(pattern, self) is not None

    def replace(self, old: str, new: str, count: Any = -1) -> Text:
        return Text(super().replace(old, new, count))

    def replaceAll(self, pattern: str, replacement: str) -> Text:
        return Text(re.sub(pattern, _replacement(replacement), self))

    def replaceFirst(self, pattern: str, replacement: str) -> Text:
        return Text(re.sub(pattern, _replacement(replacement), self, count=1))

    def split(self, pattern: Any = None, limit: Any = 0) -> Any:
        parts = re.split(pattern or r"\s+", self, maxsplit=max(limit - 1, 0))
        while parts and not parts[-1]:
            parts.pop()
        return List(Text(part) for part in parts)


class Undefined(Text):
    """What is not there: it prints as nothing, is false, and whatever is asked of it is not there either."""

    __slots__ = ()

    def __getitem__(self, key: object) -> Undefined:
        return self

    def __call__(self, *arguments: object) -> Undefined:
        return self

    def __eq__(self, other: object) -> bool:
        return other is None or other == ""

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = Text.__hash__


UNDEFINED = Undefined()


class List(list[Any]):
    """A List: prints as JSON."""

    def size(self) -> int:
        return len(self)

    def isEmpty(self) -> bool:
        return not self

    def get(self, index: int) -> Any:
        return self[index]

    def set(self, index: int, value: object) -> Any:
        previous, self[index] = self[index], value
        return previous

    def add(self, value: object) -> bool:
        self.append(value)
        return True

    def addAll(self, values: Iterable[object]) -> bool:
        self.extend(values)
        return True

    def contains(self, value: object) -> bool:
        return value in self

    def __str__(self) -> str:
        return json.dumps(plain(self), ensure_ascii=False, separators=(",", ":"))


class Entry:
    """A Map.Entry."""

    def __init__(self, key: object, value: object) -> None:
        self.key, self.value = key, value

    def getKey(self) -> object:
        return self.key

    def getValue(self) -> object:
        return self.value


class Map(dict[str, Any]):
    """A Map: prints as {name=value, other=value}."""

    def __missing__(self, name: str) -> Any:
        if name in _MAP_METHODS:
            raise KeyError(name)
        return UNDEFINED

    def keySet(self) -> List:
        return List(Text(name) for name in self)

    def entrySet(self) -> List:
        return List(Entry(Text(name), value) for name, value in self.items())

    def get(self, name: str, default: Any = UNDEFINED) -> Any:
        return dict.get(self, name, default)

    def put(self, name: str, value: object) -> Any:
        previous = dict.get(self, name, UNDEFINED)
        self[name] = value
        return previous

    def putAll(self, values: Mapping[str, object]) -> Undefined:
        self.update(values)
        return UNDEFINED

    def remove(self, name: str) -> Any:
        return self.pop(name, UNDEFINED)

    def size(self) -> int:
        return len(self)

    def isEmpty(self) -> bool:
        return not self

    def containsKey(self, name: str) -> bool:
        return name in self

    def toString(self) -> Text:
        return Text(self)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}={_printed(value)}" for name, value in self.items()) + "}"


_MAP_METHODS = frozenset({
    "containsKey", "entrySet", "get", "isEmpty", "keySet", "put", "putAll", "remove", "size", "toString", "values",
})  # fmt: skip


def velocity_value(value: object) -> Any:
    """A value as templates see it; of mappings and lists a copy, unless it is one of these already."""
    if isinstance(value, Text | Map | List):
        return value
    if value is None:
        return UNDEFINED
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, Mapping):
        return Map((str(name), velocity_value(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return List(velocity_value(each) for each in value)
    return value


def plain(value: object) -> Any:
    """The other way: what JSON can be made of."""
    if value is UNDEFINED:
        return None
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _printed(value: object) -> str:
    if value is UNDEFINED or value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _replacement(text: str) -> str:
    """Java's $1 as Python's \\g<1>; what Java escapes with a backslash stays what it is."""

    def translated(found: re.Match[str]) -> str:
        if found[2]:
            return rf"\g<{found[2]}>"
        return r"\\" if found[1] == "\\" else found[1]

    return re.sub(r"\\(.)|\$(\d)", translated, text)
