"""The operations on items, called for a statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.table import Table

PASSED_ON = ("ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")


def perform(call: Call, operation: Callable[[Call], Answer], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's answer, as a dict."""
    given = {name: call.parameters[name] for name in PASSED_ON if call.parameters.get(name) is not None}
    answer = operation(replace(call, parameters={**given, **parameters}))
    if isinstance(answer, bytes):
        read: dict[str, Any] = json.loads(answer) if answer else {}
        return read
    return answer


def table_of(call: Call, name: str) -> Table:
    """Raises ResourceNotFoundException."""
    return call.table(name)
