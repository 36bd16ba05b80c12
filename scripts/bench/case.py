"""A case: one request, sent over and over on so many connections. Each is a small file in cases/."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bench.errors import BenchError

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Answer:
    """What a right answer is: its status, and what its JSON body has (it may have more)."""

    status: int
    body: Mapping[str, object]

    def mismatch(self, status: int, text: str) -> str:
        """How an answer differs, in words; "" where it is right."""
        if status != self.status:
            return f"status {status} and not {self.status}: {text[:300]}"
        try:
            body = json.loads(text)
        except ValueError:
            return f"a body that is no JSON: {text[:300]}"
        if not isinstance(body, dict) or any(body.get(name) != value for name, value in self.body.items()):
            return f"a body that is not {json.dumps(dict(self.body))}: {text[:300]}"
        return ""


@dataclass(frozen=True)
class Case:
    """One line of the benchmark."""

    name: str
    """The file's name without its ending."""
    group: str
    """The section of docs/benchmarks.md it belongs to."""
    title: str
    connections: int
    method: str
    path: str
    """Below the stage."""
    answer: Answer
    body: str | None = None
    cold: str = ""
    """The function that is started anew for each request, where cold starts are what is measured."""
    application: str = "rest"
    """What is deployed for it: a name in application.APPLICATIONS."""
    systems: Sequence[str] = field(default=())
    """Only these, where a case makes no sense on the others; empty for all."""

    @property
    def connected(self) -> str:
        return f"{self.connections} connection{'s' if self.connections > 1 else ''}"


def read_case(name: str, text: str) -> Case:
    """A case from its TOML. Raises BenchError, which names the case."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
        answer = Answer(**document.pop("answer"))
        return Case(name=name, answer=answer, **document)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        known = ", ".join(f.name for f in fields(Case) if f.name != "name")
        raise BenchError(f"case {name} cannot be read: {error}", hint=f"a case has {known}") from error


def all_cases(folder: Path = CASES) -> tuple[Case, ...]:
    """Every case, fewest connections first: a pool that a case has filled does not show in the memory of the next."""
    cases = [read_case(path.stem, path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")]
    return tuple(sorted(cases, key=lambda case: (case.group, case.connections, case.name)))


def choose(cases: Iterable[Case], patterns: str) -> tuple[Case, ...]:
    """Those whose name matches one of the patterns, separated by commas ("noop-*,put-8"). "" is all of them."""
    cases = tuple(cases)
    wanted = [pattern.strip() for pattern in patterns.split(",") if pattern.strip()]
    for pattern in wanted:
        if not any(fnmatchcase(case.name, pattern) for case in cases):
            raise BenchError(f"no case {pattern!r}", hint=f"there are {', '.join(case.name for case in cases)}")
    return tuple(case for case in cases if not wanted or any(fnmatchcase(case.name, p) for p in wanted))
