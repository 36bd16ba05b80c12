"""What operators and functions take, as far as it can be said before there is an item.

Messages and their order: DynamoDB Local's answers; the two lists of type names as AWS's were recorded in dynalite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions import parsing
from windtunnel.dynamodb.expressions.comparing import ORDERED, in_order
from windtunnel.dynamodb.expressions.document_path import written
from windtunnel.dynamodb.expressions.tree import Steps
from windtunnel.dynamodb.values import AttributeValue, value_type

MAX_IN_OPERANDS = 100
TYPE_NAMES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"})
_ANY_TYPE = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
_VALID_TYPES = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
_WITHOUT_SIZE = frozenset({"N", "BOOL", "NULL"})


class Bound(NamedTuple):
    """An operand with its names and values."""

    path: Steps | None = None
    value: AttributeValue | None = None
    type: str | None = None
    """Of the value, or of what a function gives; None where only an item can tell."""
    function: str | None = None
    arguments: tuple[Bound, ...] = ()

    def paths(self) -> Iterator[Steps]:
        """The places it looks at."""
        if self.path is not None:
            yield self.path
        for argument in self.arguments:
            yield from argument.paths()


def of_value(value: AttributeValue) -> Bound:
    """A value as an operand."""
    return Bound(None, value, value_type(value))


def paths_of(operands: Iterable[Bound]) -> list[Steps]:
    """The places that operands look at."""
    paths: list[Steps] = []
    for operand in operands:
        if operand.path is not None:
            paths.append(operand.path)
        elif operand.arguments:
            paths.extend(operand.paths())
    return paths


def wrong_type(name: str, kind: str) -> DynamoDBError:
    return validation(
        f"Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
    )


def check_distinct(name: str, operands: Sequence[Bound]) -> None:
    """The first operand is not the same path as another one."""
    first = operands[0].path
    if first is None:
        return
    for operand in operands[1:]:
        if operand.path == first:
            raise validation(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {name}, first operand: {written(first)}"
            )


def check_comparison(operator: str, operands: Sequence[Bound]) -> None:
    """Types, and of BETWEEN the bounds; that the first operand is distinct comes first but for BETWEEN."""
    if operator != "BETWEEN":
        check_distinct(operator, operands)
    if operator == "IN":
        if len(operands) - 1 > MAX_IN_OPERANDS:
            raise validation(
                f"The IN operator is provided with too many operands; number of operands: {len(operands) - 1}"
            )
    elif operator not in ("=", "<>"):
        for operand in operands:
            if operand.type is not None and operand.type not in ORDERED:
                raise wrong_type(operator, operand.type)
    if operator == "BETWEEN":
        check_distinct(operator, operands)
        _check_bounds(operands[1].value, operands[2].value)


def _check_bounds(low: AttributeValue | None, high: AttributeValue | None) -> None:
    if low is None or high is None:
        return
    shown = f"lower bound operand: AttributeValue: {_shown(low)}, upper bound operand: AttributeValue: {_shown(high)}"
    if value_type(low) != value_type(high):
        raise validation(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
    if in_order(lambda one, two: one > two, low, high):
        raise validation(
            f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {shown}"
        )


def _shown(value: AttributeValue) -> str:
    kind = value_type(value)
    return f"{{{kind}:{value[kind]}}}"


def check_function(name: str, arguments: Sequence[Bound]) -> str | None:
    """The type of what the function gives, where it is known."""
    wanted = parsing.FUNCTIONS[name]
    if len(arguments) != wanted:
        raise validation(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {name}, number of operands: {len(arguments)}"
        )
    if name in ("attribute_exists", "attribute_not_exists", "if_not_exists") and arguments[0].path is None:
        raise validation(f"Operator or function requires a document path; operator or function: {name}")
    if wanted == 2 and name not in ("if_not_exists", "list_append"):
        check_distinct(name, arguments)
    if name == "begins_with":
        for argument in arguments:
            if argument.type not in (None, "S", "B"):
                raise wrong_type(name, argument.type or "")
    elif name == "attribute_type":
        _check_type_name(arguments[1])
    elif name == "size":
        if arguments[0].type in _WITHOUT_SIZE:
            raise wrong_type(name, arguments[0].type or "")
        return "N"
    elif name == "list_append":
        for argument in arguments:
            if argument.type not in (None, "L"):
                raise wrong_type(name, argument.type or "")
        return "L"
    return None


def _check_type_name(argument: Bound) -> None:
    if argument.type != "S":
        raise wrong_type("attribute_type", argument.type or _ANY_TYPE)
    assert argument.value is not None
    name = argument.value["S"]
    if name not in TYPE_NAMES:
        raise validation(f"Invalid attribute type name found; type: {name}, valid types: {_VALID_TYPES}")
