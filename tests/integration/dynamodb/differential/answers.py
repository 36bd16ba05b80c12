"""What an operation leads to, put so that two servers' answers can be compared, and the differences that are known.

Without order are: sets, a scan's items, a batch's items. A query or scan with a Limit is read to its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.integration.dynamodb.differential.operations import Step

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.numbers import canonical

type Ask = Callable[[str, Any], tuple[int, Any]]
type Outcome = str | dict[str, Any]
"""An error as "Code: message", or an answer."""

PAGES = 60
SETS = frozenset({"SS", "NS", "BS"})


def outcome(ask: Ask, step: Step) -> Outcome:
    """What the step leads to."""
    parameters = step.parameters
    if step.operation not in ("Query", "Scan"):
        return _put(ask(step.operation, parameters))
    segments = parameters.get("TotalSegments")
    if not isinstance(segments, int) or segments < 2 or parameters.get("Segment") not in range(segments):
        return _pages(ask, step.operation, parameters)
    found = [_pages(ask, "Scan", {**parameters, "Segment": segment}) for segment in range(segments)]
    refused = [each for each in found if isinstance(each, str)]
    return refused[0] if refused else _together([each for each in found if isinstance(each, dict)])


def _pages(ask: Ask, operation: str, parameters: Any) -> Outcome:
    pages: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while len(pages) < PAGES:
        status, answer = ask(operation, parameters | start)
        made = _put((status, answer))
        if isinstance(made, str):
            return made
        pages.append(made)
        if "LastEvaluatedKey" not in answer:
            break
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    if operation == "Scan" or "IndexName" in parameters:
        # what has the same key in an index comes in an order of the server's own
        return _together(pages) if len(pages) > 1 else _together(pages) | _capacity(pages[0])
    return {"Pages": pages}


def _capacity(page: dict[str, Any]) -> dict[str, Any]:
    return {"ConsumedCapacity": page["ConsumedCapacity"]} if "ConsumedCapacity" in page else {}


def _together(pages: list[dict[str, Any]]) -> dict[str, Any]:
    """A scan's pages, whose items come in an order of the server's own."""
    made: dict[str, Any] = {name: sum(page[name] for page in pages) for name in ("Count", "ScannedCount")}
    if any("Items" in page for page in pages):
        made["Items"] = _unordered([item for page in pages for item in page["Items"]])
    return made


def _put(answered: tuple[int, Any]) -> Outcome:
    status, answer = answered
    if status != 200:
        code = str(answer.get("__type", "")).rpartition("#")[2]
        reasons = answer.get("CancellationReasons")
        item = answer.get("Item")
        parts = [f"{code}: {answer.get('message', answer.get('Message'))}"]
        parts += [json.dumps(_value(each), sort_keys=True, ensure_ascii=False) for each in (reasons, item) if each]
        return " ".join(parts)
    made: dict[str, Any] = {name: _value(of) for name, of in answer.items()}
    if isinstance(made.get("Responses"), dict):
        made["Responses"] = {name: _unordered(items) for name, items in made["Responses"].items()}
    if isinstance(made.get("ConsumedCapacity"), list):
        made["ConsumedCapacity"].sort(key=lambda consumed: consumed["TableName"])
    return made


def _unordered(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def _value(value: Any) -> Any:
    """Numbers in their canonical text, sets in one order."""
    if isinstance(value, list):
        return [_value(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, content),) = value.items()
        if kind == "N" and isinstance(content, str):
            return {"N": _number(content)}
        if kind in SETS and isinstance(content, list):
            return {kind: sorted(_number(each) if kind == "NS" else each for each in content)}
    return {name: _value(of) for name, of in value.items()}


def _number(text: str) -> str:
    try:
        return canonical(text)
    except DynamoDBError:
        return text


# --- differences that are known -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One entry of differences.json: texts of answers, or a place in them where they differ."""

    operation: re.Pattern[str]
    asked: re.Pattern[str]
    """Found in the parameters' JSON."""
    ours: re.Pattern[str] | None
    theirs: re.Pattern[str] | None
    drop: str | None
    """What is left out of both: steps with "/" between them, names (patterns) of members or `*`, any or no step."""


@cache
def _known() -> list[Difference]:
    entries = json.loads(Path(__file__).with_name("differences.json").read_text())
    return [
        Difference(
            _pattern(entry.get("operation", ".*")),
            _pattern(entry.get("asked", "")),
            _pattern(entry["ours"]) if "ours" in entry else None,
            _pattern(entry["theirs"]) if "theirs" in entry else None,
            entry.get("drop"),
        )
        for entry in entries
    ]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


def expected(step: Step, ours: Outcome, theirs: Outcome) -> bool:
    """Whether differences.json has this difference, with the source that says ours is AWS's answer."""
    asked = json.dumps(step.parameters)
    about = [each for each in _known() if each.operation.fullmatch(step.operation) and each.asked.search(asked)]
    told = _text(theirs)
    for each in about:
        if each.drop is not None and (each.theirs is None or each.theirs.fullmatch(told)):
            ours, theirs = _without(ours, each.drop.split("/")), _without(theirs, each.drop.split("/"))
    if ours == theirs:
        return True
    return any(
        each.ours.fullmatch(_text(ours)) and each.theirs.fullmatch(_text(theirs))
        for each in about
        if each.drop is None and each.ours is not None and each.theirs is not None
    )


def _without(made: Any, steps: list[str]) -> Any:
    if isinstance(made, list):
        return [_without(each, steps) for each in made]
    if not isinstance(made, dict):
        return made
    if steps[0] == "*":
        below = {name: _without(of, steps) for name, of in made.items()}
        return _without(below, steps[1:])
    left = {}
    for name, of in made.items():
        if not re.fullmatch(steps[0], name):
            left[name] = of
        elif len(steps) > 1 and (below := _without(of, steps[1:])):
            left[name] = below
    return left


def _text(made: Outcome) -> str:
    return made if isinstance(made, str) else f"200 {json.dumps(made, sort_keys=True, ensure_ascii=False)}"
