"""The Condition element of an IAM policy: operators, their variants, and keys that a request does not have.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context
keys". Policy variables (${aws:username}) are not replaced.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windtunnel.apigateway.wildcard import Matcher, arn_matcher, matcher

Context = Mapping[str, str | Sequence[str]]
"""What a request has, by key in lower case: "aws:sourceip"."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator: `matchers` are those of its values, of which one is enough."""

    key: str
    """In lower case."""
    matchers: tuple[Matcher, ...]
    negated: bool
    """StringNotEquals and the like: none of the values may match."""
    if_exists: bool
    every: bool | None
    """ForAllValues: True; ForAnyValue: False; None without a set operator."""
    null: bool | None = None
    """Of the operator Null: whether the key has to be absent."""

    def holds(self, context: Context) -> bool:
        """Whether the request meets it."""
        value = context.get(self.key)
        if self.null is not None:
            return self.null == (value is None)
        if value is None:
            # without the key only what asks that something is not so is met, and ForAllValues of nothing
            return self.if_exists or self.every is True or (self.negated and self.every is None)
        values = [value] if isinstance(value, str) else value
        met = (self._matches(one) != self.negated for one in values)
        # without a set operator a key has one value; of several, a negated operator asks for all
        return all(met) if self.every or (self.every is None and self.negated) else any(met)

    def _matches(self, value: str) -> bool:
        return any(match(value) for match in self.matchers)


def conditions(element: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions of a statement, all of which have to hold. Raises ValueError where AWS would refuse them."""
    return tuple(
        _condition(operator, key, expected if isinstance(expected, list) else [expected])
        for operator, entries in element.items()
        for key, expected in entries.items()
    )


def _condition(operator: str, key: str, expected: Sequence[Any]) -> Condition:
    texts = [_text(value) for value in expected]
    prefix, _, name = operator.rpartition(":")
    if prefix not in SETS:
        raise ValueError(f"unknown condition operator {operator}")
    if name == "Null":
        return Condition(key.lower(), (), False, False, None, null=texts[:1] == ["true"])
    base = name.removesuffix("IfExists")
    entry = OPERATORS.get(base)
    if entry is None:
        raise ValueError(f"unknown condition operator {operator}")
    make, negated = entry
    return Condition(key.lower(), tuple(make(text) for text in texts), negated, base != name, SETS[prefix])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(expected: str) -> Matcher:
    return lambda value: value == expected


def _equals_ignoring_case(expected: str) -> Matcher:
    return lambda value: value.lower() == expected.lower()


def _in_network(expected: str) -> Matcher:
    network = ipaddress.ip_network(expected, strict=False)

    def matches(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return matches


def _ordered(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Callable[[str], Matcher]:
    def make(expected: str) -> Matcher:
        bound = read(expected)

        def matches(value: str) -> bool:
            try:
                return compare(read(value), bound)
            except ValueError:
                return False

        return matches

    return make


def _time(text: str) -> float:
    """Seconds since the epoch: of ISO 8601, or as they are."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


SETS = {"": None, "ForAllValues": True, "ForAnyValue": False}

OPERATORS: dict[str, tuple[Callable[[str], Matcher], bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (matcher, False),
    "StringNotLike": (matcher, True),
    "Bool": (_equals_ignoring_case, False),
    "BinaryEquals": (_equals, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "ArnEquals": (arn_matcher, False),
    "ArnLike": (arn_matcher, False),
    "ArnNotEquals": (arn_matcher, True),
    "ArnNotLike": (arn_matcher, True),
}
"""An operator's name to what makes a matcher of a value, and whether it is negated. ArnEquals is ArnLike."""

for _kind, _read in (("Numeric", float), ("Date", _time)):
    OPERATORS |= {
        f"{_kind}Equals": (_ordered(_read, lambda value, bound: value == bound), False),
        f"{_kind}NotEquals": (_ordered(_read, lambda value, bound: value == bound), True),
        f"{_kind}LessThan": (_ordered(_read, lambda value, bound: value < bound), False),
        f"{_kind}LessThanEquals": (_ordered(_read, lambda value, bound: value <= bound), False),
        f"{_kind}GreaterThan": (_ordered(_read, lambda value, bound: value > bound), False),
        f"{_kind}GreaterThanEquals": (_ordered(_read, lambda value, bound: value >= bound), False),
    }
