"""Condition and filter expressions: bound to a request's names and values, compiled to closures.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions". An attribute that is
not there makes every comparison false but <>, which it makes true, as DynamoDB does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions import comparing, operand_types, parsing
from windtunnel.dynamodb.expressions.condition_grammar import ConditionTree, parse
from windtunnel.dynamodb.expressions.document_path import Getter, bind, check_key_paths, getter
from windtunnel.dynamodb.expressions.operand_types import Bound
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.tree import Both, Comparison, Function, Node, Not, Operand, Path, Steps, Value
from windtunnel.dynamodb.values import AttributeValue, Item, value_type

type Test = Callable[[Item], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that can be asked of an item."""

    matches: Test
    """Whether it holds for an item; `{}` where there is none."""
    paths: tuple[Steps, ...]
    """The places it looks at."""

    def check_keys(self, key_names: Collection[str]) -> None:
        """Raises where it looks inside a key attribute."""
        check_key_paths(self.paths, key_names)

    def check_filter(self, key_names: Collection[str]) -> None:
        """As a Query's filter: raises where it looks at a key attribute of what is queried."""
        self.check_keys(key_names)
        for steps in self.paths:
            if steps[0] in key_names:
                raise validation(
                    f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {steps[0]}"
                )


def parse_condition(text: str, placeholders: Placeholders, where: str = "ConditionExpression") -> Condition:
    """A condition for a request. `where`: the parameter, as error messages begin with it."""
    try:
        tree = parse(text)
        leaves = bind_leaves(tree, placeholders)
    except DynamoDBError as error:
        raise validation(f"Invalid {where}: {error.message}") from None
    paths: list[Steps] = []
    for _, operands in leaves:
        paths += operand_types.paths_of(operands)
    tests = iter([_leaf_test(leaf, operands) for leaf, operands in leaves])
    return Condition(_compile(tree.root, tests.__next__), tuple(paths))


type Leaf = tuple[Comparison | Function, tuple[Bound, ...]]


def bind_leaves(tree: ConditionTree, placeholders: Placeholders) -> list[Leaf]:
    """Its comparisons and functions in the text's order, each with its operands bound and checked."""
    leaves: list[Leaf] = []
    for leaf in tree.leaves:
        if isinstance(leaf, Comparison):
            operands = tuple([_bind(operand, placeholders) for operand in leaf.operands])
            operand_types.check_comparison(leaf.operator, operands)
        else:
            operands = tuple([_bind(argument, placeholders) for argument in leaf.arguments])
            operand_types.check_function(leaf.name, operands)
        leaves.append((leaf, operands))
    parsing.check_operator_count(tree.operators)
    return leaves


def _bind(operand: Operand, placeholders: Placeholders) -> Bound:
    if isinstance(operand, Path):
        return Bound(bind(operand, placeholders))
    if isinstance(operand, Value):
        return operand_types.of_value(placeholders.value(operand.name))
    arguments = tuple([_bind(argument, placeholders) for argument in operand.arguments])
    return Bound(None, None, operand_types.check_function(operand.name, arguments), operand.name, arguments)


# --- closures ----------------------------------------------------------------------------------------------------


def _compile(node: Node, next_leaf: Callable[[], Test]) -> Test:
    """The tests of the leaves, in the order of the text, put together."""
    if isinstance(node, Not):
        test = _compile(node.condition, next_leaf)
        return lambda item: not test(item)
    if not isinstance(node, Both):
        return next_leaf()
    tests = [_compile(condition, next_leaf) for condition in node.conditions]
    return combine(node.operator, tests)


def combine(operator: str, tests: list[Test]) -> Test:
    """All of (AND) or any of (OR) the tests."""
    if len(tests) == 2:
        one, two = tests
        if operator == "AND":
            return lambda item: one(item) and two(item)
        return lambda item: one(item) or two(item)
    if operator == "AND":

        def every(item: Item) -> bool:
            for test in tests:  # noqa: SIM110 (twice as fast as all())
                if not test(item):
                    return False
            return True

        return every

    def some(item: Item) -> bool:
        for test in tests:  # noqa: SIM110 (twice as fast as any())
            if test(item):
                return True
        return False

    return some


def _leaf_test(leaf: Comparison | Function, operands: tuple[Bound, ...]) -> Test:
    if isinstance(leaf, Function):
        return function_test(leaf.name, operands)
    return comparison_test(leaf.operator, operands)


def comparison_test(operator: str, operands: tuple[Bound, ...]) -> Test:
    """The test of a comparison."""
    if operator == "=":
        return _equals(operands[0], operands[1])
    if operator == "<>":
        equals = _equals(operands[0], operands[1])
        return lambda item: not equals(item)
    if operator == "IN":
        return _is_in(operands)
    if operator == "BETWEEN":
        low = _ordered(">=", operands[0], operands[1])
        high = _ordered("<=", operands[0], operands[2])
        return lambda item: low(item) and high(item)
    return _ordered(operator, operands[0], operands[1])


def _get(operand: Bound) -> Getter:
    """What the operand is for an item."""
    if operand.path is not None:
        return getter(operand.path)
    if operand.value is not None:
        value = operand.value
        return lambda item: value
    get = _get(operand.arguments[0])
    return lambda item: comparing.size(get(item))


def _equals(left: Bound, right: Bound) -> Test:
    if left.value is not None:
        left, right = right, left
    get = _get(left)
    if (value := right.value) is not None:
        return lambda item: get(item) == value
    other = _get(right)

    def equals(item: Item) -> bool:
        found = get(item)
        return found is not None and found == other(item)

    return equals


def _is_in(operands: tuple[Bound, ...]) -> Test:
    get = _get(operands[0])
    others = [_get(operand) for operand in operands[1:]]

    def is_in(item: Item) -> bool:
        found = get(item)
        return found is not None and any(found == other(item) for other in others)

    return is_in


def _ordered(operator: str, left: Bound, right: Bound) -> Test:
    compare = comparing.ORDERS[operator]
    get = _get(left)
    if right.value is None:
        other = _get(right)
        return lambda item: comparing.in_order(compare, get(item), other(item))
    limit = comparing.order_of(right.value)
    assert limit is not None
    kind, content = limit
    if kind == "S":

        def text_in_order(item: Item) -> bool:
            found = get(item)
            return found is not None and (text := found.get("S")) is not None and compare(text, content)

        return text_in_order

    def in_order(item: Item) -> bool:
        found = get(item)
        if found is None or kind not in found:
            return False
        order = comparing.order_of(found)
        return order is not None and compare(order[1], content)

    return in_order


def function_test(name: str, arguments: tuple[Bound, ...]) -> Test:
    """The test of a function that is a condition."""
    get = _get(arguments[0])
    if name == "attribute_exists":
        return lambda item: get(item) is not None
    if name == "attribute_not_exists":
        return lambda item: get(item) is None
    if name == "attribute_type":
        return _has_type(get, arguments[1].value)
    other = _get(arguments[1])
    function: Callable[[Any, Any], bool] = comparing.contains if name == "contains" else comparing.begins_with
    return lambda item: function(get(item), other(item))


def _has_type(get: Getter, wanted: AttributeValue | None) -> Test:
    assert wanted is not None
    kind = wanted["S"]

    def has_type(item: Item) -> bool:
        found = get(item)
        return found is not None and value_type(found) == kind

    return has_type
