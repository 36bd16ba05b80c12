"""The grammar of condition, filter and key condition expressions.

OR binds weakest, then AND, NOT, comparisons. Parsed without recursion over conditions, so that no text is too deep.
Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions"; where an error is found
and what it says: DynamoDB Local's answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions import parsing
from windtunnel.dynamodb.expressions.lexer import Lexer, Token
from windtunnel.dynamodb.expressions.tree import Both, Comparison, Function, Node, Not, Operand, Path, Value

CACHED = 1024
"""Texts whose trees are kept."""
COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
CONDITION_FUNCTIONS = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"}
)
_BINDS = {"OR": 1, "AND": 2, "NOT": 3}


@dataclass(frozen=True, slots=True)
class ConditionTree:
    """A parsed condition."""

    root: Node
    leaves: tuple[Comparison | Function, ...]
    """Its comparisons and functions, in the order of the text."""
    operators: int


@lru_cache(maxsize=CACHED)
def parse(text: str) -> ConditionTree:
    """The tree of a text; raises what can be said without names and values."""
    parsing.check_text(text)
    parser = _Parser(text)
    root = parser.parse()
    for leaf in parser.leaves:
        _check_leaf(leaf)
    operators = parser.operators + sum(map(_operators_in, parser.leaves))
    return ConditionTree(root, tuple(parser.leaves), operators)


def _operators_in(leaf: Comparison | Function) -> int:
    if isinstance(leaf, Function):
        return parsing.operators_in(leaf)
    return 1 + sum(map(parsing.operators_in, leaf.operands))


class _Parser:
    """Operators wait on a stack until what binds tighter is done; so do open parentheses."""

    def __init__(self, text: str) -> None:
        self.lexer = Lexer(text)
        self.leaves: list[Comparison | Function] = []
        self.operators = 0
        self._done: list[Node | Operand] = []
        self._waiting: list[tuple[str, int]] = []
        """Operator or "(", and its place among the tokens."""
        self._group = (-1, -1)
        """Where the parentheses that were closed last begin and end."""

    def parse(self) -> Node:
        while True:
            self._prefix()
            self._done.append(parsing.parse_operand(self.lexer))
            if not self._suffix():
                break
        (root,) = self._done
        assert not isinstance(root, Path | Value)
        return root

    def _prefix(self) -> None:
        """Parentheses and NOTs before an operand."""
        while True:
            place = self.lexer.position
            if self.lexer.accept("("):
                self._waiting.append(("(", place))
            elif self.lexer.accept("NOT"):
                self._waiting.append(("NOT", place))
            else:
                return

    def _suffix(self) -> bool:
        """All that follows a finished operand or condition; True where another one has to come."""
        while True:
            token = self.lexer.peek()
            if token.text == ")" and token.kind == "symbol":
                self._close()
            elif self._is_operand() and self._compare(token):
                continue
            else:
                self._require_condition()
                if token.kind == "keyword" and token.text in ("AND", "OR"):
                    self._reduce(_BINDS[token.text])
                    self._waiting.append((token.text, self.lexer.position))
                    self.lexer.next()
                    return True
                if token.kind != "end":
                    raise self.lexer.error()
                self._reduce(0)
                if self._waiting:
                    raise self.lexer.error()
                return False

    def _is_operand(self) -> bool:
        return isinstance(self._done[-1], Path | Value | Function)

    def _require_condition(self) -> None:
        """The last thing is a condition, or a function that stands for one."""
        last = self._done[-1]
        if isinstance(last, Path | Value):
            raise self.lexer.error()
        if isinstance(last, Function) and not (self.leaves and self.leaves[-1] is last):
            parsing.check_parentheses(self.lexer)
            self.leaves.append(last)

    def _close(self) -> None:
        """A closing parenthesis: of an operand or of a condition."""
        if not self._waiting:
            self._require_condition()
            raise self.lexer.error()
        if self._waiting[-1][0] != "(":
            self._require_condition()
            self._reduce(0)
            if not self._waiting:
                raise self.lexer.error()
        _, begins = self._waiting.pop()
        ends = self.lexer.position
        self.lexer.next()
        if self._group == (begins + 1, ends - 1):
            self.lexer.redundant = True
            if not self._is_operand():
                parsing.check_parentheses(self.lexer)
        self._group = (begins, ends)

    def _reduce(self, binds: int) -> None:
        """Finish the waiting operators that bind as tightly or tighter, up to the open parenthesis."""
        while self._waiting and (operator := self._waiting[-1][0]) != "(" and _BINDS[operator] >= binds:
            self._waiting.pop()
            self.operators += 1
            right = self._condition()
            self._done.append(Not(right) if operator == "NOT" else _both(operator, self._condition(), right))

    def _condition(self) -> Node:
        node = self._done.pop()
        assert not isinstance(node, Path | Value)
        return node

    def _compare(self, token: Token) -> bool:
        """A comparison, if one begins at the token; its first operand is the last thing done."""
        lexer = self.lexer
        if token.kind == "symbol" and token.text in COMPARATORS:
            lexer.next()
            operands: tuple[Operand, ...] = (parsing.parse_parenthesised(lexer),)
        elif lexer.accept("BETWEEN"):
            low = parsing.parse_parenthesised(lexer)
            lexer.expect("AND")
            operands = (low, parsing.parse_parenthesised(lexer))
        elif lexer.accept("IN"):
            operands = parsing.parse_list(lexer)
        else:
            return False
        first = self._done.pop()
        assert isinstance(first, Path | Value | Function)
        parsing.check_parentheses(lexer)
        comparison = Comparison(token.text, (first, *operands))
        self.leaves.append(comparison)
        self._done.append(comparison)
        return True


def _both(operator: str, left: Node, right: Node) -> Both:
    if isinstance(left, Both) and left.operator == operator:
        return Both(operator, (*left.conditions, right))
    return Both(operator, (left, right))


# --- what can be said without names and values, in the order of the text -------------------------------------------


def _check_leaf(leaf: Comparison | Function) -> None:
    if isinstance(leaf, Function):
        _check_function(leaf, is_condition=True)
        return
    for operand in leaf.operands:
        _check_operand(operand)


def _check_operand(operand: Operand) -> None:
    if isinstance(operand, Path):
        parsing.check_path(operand)
    elif isinstance(operand, Function):
        _check_function(operand, is_condition=False)


def _check_function(function: Function, *, is_condition: bool) -> None:
    name = function.name
    if name not in parsing.FUNCTIONS:
        raise validation(f"Invalid function name; function: {name}")
    if name not in CONDITION_FUNCTIONS and name != "size":
        raise validation(f"The function is not allowed in a condition expression; function: {name}")
    if is_condition == (name == "size"):
        raise validation(f"The function is not allowed to be used this way in an expression; function: {name}")
    for argument in function.arguments:
        _check_operand(argument)
