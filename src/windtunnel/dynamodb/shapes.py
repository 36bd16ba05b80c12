"""The requests of DynamoDB and DynamoDB Streams as AWS's own service models describe them.

botocore carries the models; what the service was seen to do beyond them is in `recorded.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import Loader

from windtunnel.dynamodb.recorded import ENUM_ORDER, LENGTHS, MEMBER_ORDER, REQUIRED, TABLE_NAME

SERVICES = ("dynamodb", "dynamodbstreams")
OPAQUE = "opaque"
"""The type of an AttributeValue: looked into where items are validated, not here."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure."""

    name: str
    wire: str
    """As error messages name it: with a small first letter."""
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value of a request has to be."""

    name: str
    type: str
    """structure, list, map, string, integer, long, double, float, boolean, blob, timestamp, or OPAQUE."""
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    regex: re.Pattern[str] | None = None
    enum: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    by_name: Mapping[str, Member] = field(default_factory=dict)
    key: Shape | None = None
    value: Shape | None = None
    """Of a map's or a list's elements."""

    @property
    def constrained(self) -> bool:
        """Whether the value itself, not what is in it, has a constraint."""
        return bool(self.enum) or (self.minimum, self.maximum, self.pattern) != (None, None, None)


@cache
def request_shape(operation: str) -> Shape | None:
    """The shape of an operation's parameters; None where there is no such operation."""
    for service in SERVICES:
        model = _model(service)
        if operation in model["operations"]:
            source = model["operations"][operation].get("input")
            if source is None:
                return Shape("Empty", "structure")
            return _structure(model["shapes"], source["shape"], operation)
    return None


@cache
def _model(service: str) -> Mapping[str, Any]:
    model: Mapping[str, Any] = Loader().load_service_model(service, "service-2")
    return model


def _structure(shapes: Mapping[str, Any], name: str, place: str) -> Shape:
    source = shapes[name]
    required = {*source.get("required", ()), *REQUIRED.get(name, ())}
    order = {member: index for index, member in enumerate(MEMBER_ORDER.get(name, ()))}
    names = sorted(source["members"], key=lambda member: order.get(member, len(order)))
    members = tuple(
        Member(
            member,
            member[0].lower() + member[1:],
            _shape(shapes, source["members"][member]["shape"], f"{name}.{member}"),
            member in required,
        )
        for member in names
    )
    return Shape(name, "structure", members=members, by_name={member.name: member for member in members})


def _shape(shapes: Mapping[str, Any], name: str, place: str) -> Shape:
    """`place` is the structure and member that the value is in, which some constraints are known for."""
    if name == "AttributeValue":
        return Shape(name, OPAQUE)
    source = shapes[name]
    kind = source["type"]
    if kind == "structure":
        return _structure(shapes, name, place)
    minimum, maximum, pattern = source.get("min"), source.get("max"), source.get("pattern")
    if name == "TableArn" and place.endswith((".TableName", ".RequestItems.key")):
        minimum, maximum, pattern = TABLE_NAME
    minimum, maximum = LENGTHS.get(place, (minimum, maximum))
    enum = tuple(source.get("enum", ()))
    return Shape(
        name=name,
        type=kind,
        minimum=minimum,
        maximum=maximum,
        pattern=pattern,
        regex=_compiled(pattern),
        enum=ENUM_ORDER.get(name, enum),
        key=_shape(shapes, source["key"]["shape"], place + ".key") if kind == "map" else None,
        value=_shape(shapes, source[{"map": "value", "list": "member"}[kind]]["shape"], f"{place}.member")
        if kind in ("map", "list")
        else None,
    )


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The models' patterns are Java's; only those that Python reads the same way are needed for what is served."""
    if pattern is None or "\\p{" in pattern or "\\uD" in pattern:
        return None
    return re.compile(pattern)
