"""IAM policy documents, as far as API Gateway evaluates them itself.

Sources: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

ALLOW = "allow"
EXPLICIT_DENY = "explicit deny"
IMPLICIT_DENY = "implicit deny"


def evaluate(policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> str:
    """ALLOW, EXPLICIT_DENY or IMPLICIT_DENY for an action on a resource; `context` has condition keys in lower case."""
    verdict = IMPLICIT_DENY
    for statement in _list(policy.get("Statement")):
        if not isinstance(statement, Mapping) or not _applies(statement, action, resource, context):
            continue
        if statement.get("Effect") == "Deny":
            return EXPLICIT_DENY
        if statement.get("Effect") == "Allow":
            verdict = ALLOW
    return verdict


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern with * and ?."""
    return _compiled(pattern).fullmatch(text) is not None


def names_principal(principal: Any, kind: str, name: str) -> bool:
    """Whether a Principal element means somebody: "*", or {kind: name, "*" or a list with one of them}."""
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    return any(entry in (name, "*") for entry in _list(principal.get(kind)) + _list(principal.get("*")))


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    def among(name: str, text: str, *, fold: bool) -> bool:
        patterns = [str(pattern) for pattern in _list(statement.get(name))]
        return any(matches(p.lower(), text.lower()) if fold else matches(p, text) for p in patterns)

    if "Action" in statement and not among("Action", action, fold=True):
        return False
    if "NotAction" in statement and among("NotAction", action, fold=True):
        return False
    if "Resource" in statement and not among("Resource", resource, fold=False):
        return False
    if "NotResource" in statement and among("NotResource", resource, fold=False):
        return False
    return conditions_hold(statement.get("Condition") or {}, context)


def conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Whether every condition holds. An operator that is not known holds never: rather refused than let through."""
    for operator, wanted in conditions.items():
        if not isinstance(wanted, Mapping):
            return False
        for key, values in wanted.items():
            if not _holds(operator, [str(value) for value in _list(values)], context.get(key.lower())):
                return False
    return True


def _address(value: str, actual: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False


def _compared(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def holds(value: str, actual: str) -> bool:
        try:
            return compare(float(actual), float(value))
        except ValueError:
            return False

    return holds


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, actual: value == actual,
    "StringEqualsIgnoreCase": lambda value, actual: value.lower() == actual.lower(),
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda value, actual: value.lower() == actual.lower(),
    "IpAddress": _address,
    "NumericEquals": _compared(lambda a, b: a == b),
    "NumericLessThan": _compared(lambda a, b: a < b),
    "NumericLessThanEquals": _compared(lambda a, b: a <= b),
    "NumericGreaterThan": _compared(lambda a, b: a > b),
    "NumericGreaterThanEquals": _compared(lambda a, b: a >= b),
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
}


def _holds(operator: str, values: list[str], actual: str | None) -> bool:
    operator = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    if operator == "Null":
        return any((value.lower() == "true") == (actual is None) for value in values)
    if operator.endswith("IfExists"):
        if actual is None:
            return True
        operator = operator.removesuffix("IfExists")
    if operator in NEGATED:
        # a key that is not there differs from everything
        return actual is None or not any(OPERATORS[NEGATED[operator]](value, actual) for value in values)
    if operator not in OPERATORS or actual is None:
        return False
    return any(OPERATORS[operator](value, actual) for value in values)
