"""Key conditions: which partition a Query reads, and which of its sort keys.

Source: DynamoDB Developer Guide, "Key condition expressions for the Query operation"; messages: DynamoDB Local's
answers, and AWS's as dynalite's tests recorded them ("missed key schema element: x").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.expressions.condition import Leaf, bind_leaves
from windtunnel.dynamodb.expressions.condition_grammar import parse
from windtunnel.dynamodb.expressions.operand_types import Bound, paths_of
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.tree import Both, Comparison, Function, Node, Not
from windtunnel.dynamodb.keys import KeyTypes, check_length, empty_key, key_bytes
from windtunnel.dynamodb.values import AttributeValue

MAX_CONDITIONS = 2
_SWAPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PLACE = "Invalid condition in KeyConditionExpression"


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """What is asked of one key attribute."""

    name: str
    operator: str
    """=, <, <=, >, >=, BETWEEN or begins_with; of the older parameters also names of what a key cannot be asked."""
    operands: tuple[AttributeValue, ...]


@dataclass(frozen=True, slots=True)
class RangeCondition:
    """What is asked of the sort key."""

    operator: str
    """=, <, <=, >, >=, BETWEEN or begins_with."""
    operands: tuple[AttributeValue, ...]

    def bounds(self) -> tuple[bytes | None, bool, bytes | None, bool]:
        """Lowest key, whether it is in, highest key, whether it is in; in the bytes of keys.key_bytes."""
        first = key_bytes(self.operands[0])
        match self.operator:
            case "=":
                return first, True, first, True
            case "<" | "<=":
                return None, False, first, self.operator == "<="
            case ">" | ">=":
                return first, self.operator == ">=", None, False
            case "BETWEEN":
                return first, True, key_bytes(self.operands[1]), True
        return first, True, _after(first), False


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """Partition key and what is asked of the sort key, both of the schema's types."""

    hash: AttributeValue
    range: RangeCondition | None


@dataclass(frozen=True, slots=True)
class KeyConditionExpression:
    """A parsed key condition, not yet held against a table or an index."""

    leaves: tuple[Leaf, ...]
    root: Node

    def against(self, types: KeyTypes) -> KeyCondition:
        """For a table's or index' key: names and types."""
        leaves = iter(self.leaves)
        terms: list[KeyTerm] = []
        for node in _nodes(self.root):
            operator = _forbidden(node)
            if operator is not None:
                raise validation(f"Invalid operator used in KeyConditionExpression: {operator}")
            if isinstance(node, Both):
                continue
            term = _term(*next(leaves))
            if any(term.name == other.name for other in terms):
                raise validation("KeyConditionExpressions must only contain one condition per key")
            terms.append(term)
        return of_terms(terms, types)


def parse_key_condition(text: str, placeholders: Placeholders) -> KeyConditionExpression:
    """The key condition of a request."""
    try:
        tree = parse(text)
        leaves = tuple(bind_leaves(tree, placeholders))
        if any(len(path) > 1 for _, operands in leaves for path in paths_of(operands)):
            raise validation("KeyConditionExpressions cannot have conditions on nested attributes")
        return KeyConditionExpression(leaves, tree.root)
    except DynamoDBError as error:
        raise validation(f"Invalid KeyConditionExpression: {error.message}") from None


def of_terms(terms: Sequence[KeyTerm], types: KeyTypes) -> KeyCondition:
    """Terms of different names held against a key: what KeyConditions means as well."""
    if len(terms) > MAX_CONDITIONS:
        raise validation("Conditions can be of length 1 or 2 only")
    named = {term.name: term for term in terms}
    hash_name, hash_type = types[0]
    if hash_name not in named:
        raise validation(f"Query condition missed key schema element: {hash_name}")
    _check_operands(named[hash_name], hash_type, is_range=False)
    if named[hash_name].operator != "=" or (len(terms) > 1 and len(types) == 1):
        raise validation("Query key condition not supported")
    asked = None
    if len(terms) > 1:
        range_name, range_type = types[1]
        if range_name not in named:
            raise validation(f"Query condition missed key schema element: {range_name}")
        term = named[range_name]
        _check_operands(term, range_type, is_range=True)
        asked = RangeCondition(term.operator, term.operands)
    return KeyCondition(named[hash_name].operands[0], asked)


def _check_operands(term: KeyTerm, kind: str, *, is_range: bool) -> None:
    for operand in term.operands:
        if kind not in operand:
            raise invalid_parameter("Condition parameter type does not match schema type")
        if not operand[kind]:
            raise empty_key(term.name, kind)
        check_length(operand, is_range=is_range)


def _nodes(root: Node) -> Iterator[Node]:
    """The root, then what is below it, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Both):
            waiting.extend(reversed(node.conditions))


def _forbidden(node: Node) -> str | None:
    if isinstance(node, Not):
        return "NOT"
    if isinstance(node, Both):
        return node.operator if node.operator != "AND" else None
    if isinstance(node, Function):
        return node.name if node.name != "begins_with" else None
    return node.operator if node.operator in ("<>", "IN") else None


def _term(leaf: Comparison | Function, operands: tuple[Bound, ...]) -> KeyTerm:
    operator = leaf.operator if isinstance(leaf, Comparison) else leaf.name
    if operator not in _SWAPPED and operands[0].value is not None:
        raise validation(f"{_PLACE}: {operator} operator must have the key attribute as its first operand")
    name = None
    for operand in operands:
        if operand.function is not None:
            raise validation("KeyConditionExpressions cannot contain nested operations")
        if operand.path is not None:
            if name is not None:
                raise validation(f"{_PLACE}: Multiple attribute names used in one condition")
            name = str(operand.path[0])
    if name is None:
        raise validation(f"{_PLACE}: No key attribute specified")
    if operands[0].path is None:
        operator = _SWAPPED[operator]
    values = tuple([operand.value for operand in operands if operand.value is not None])
    return KeyTerm(name, operator, values)


def _after(prefix: bytes) -> bytes | None:
    """The least bytes above all that begin with the prefix; None where there are none."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None
