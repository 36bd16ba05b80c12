"""The grammar of update expressions: SET, REMOVE, ADD and DELETE sections, each once, in any order.

Source: DynamoDB Developer Guide, "Update expressions"; where an error is found and what it says: DynamoDB Local's
answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions import parsing
from windtunnel.dynamodb.expressions.condition_grammar import CACHED
from windtunnel.dynamodb.expressions.lexer import Lexer
from windtunnel.dynamodb.expressions.tree import Action, Function, Operand, Path, Value

SECTIONS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
ARITHMETIC = frozenset({"+", "-"})
UPDATE_FUNCTIONS = frozenset({"if_not_exists", "list_append"})


@dataclass(frozen=True, slots=True)
class UpdateTree:
    """A parsed update: its actions in the order of the text."""

    actions: tuple[Action, ...]
    operators: int


@lru_cache(maxsize=CACHED)
def parse(text: str) -> UpdateTree:
    """The tree of a text; raises what can be said without names and values."""
    parsing.check_text(text)
    lexer = Lexer(text)
    sections: list[str] = []
    actions: list[Action] = []
    while lexer.peek().kind != "end" or not sections:
        section = lexer.peek()
        if section.kind != "keyword" or section.text not in SECTIONS:
            raise lexer.error()
        lexer.next()
        sections.append(section.text)
        actions.append(_parse_action(lexer, section.text))
        while lexer.accept(","):
            actions.append(_parse_action(lexer, section.text))
    for action in actions:
        _check_action(action)
    for position, name in enumerate(sections):
        if name in sections[position + 1 :]:
            raise validation(f'The "{name}" section can only be used once in an update expression;')
    operators = sum(parsing.operators_in(action.operand) for action in actions if action.operand is not None)
    return UpdateTree(tuple(actions), operators)


def _parse_action(lexer: Lexer, section: str) -> Action:
    path = parsing.parse_path(lexer)
    if section == "REMOVE":
        return Action(section, path, None)
    if section == "SET":
        lexer.expect("=")
        return Action(section, path, _parse_set_value(lexer))
    token = lexer.peek()
    if token.kind != "value":
        raise lexer.error()
    lexer.next()
    return Action(section, path, Value(token.text))


def _parse_set_value(lexer: Lexer) -> Operand:
    """An operand, or two with + or - between them; each, and the whole, may be in parentheses."""
    opened = 0
    while lexer.accept("("):
        opened += 1
    value = parsing.parse_operand(lexer)
    closed, calculated = 0, False
    while True:
        if opened and lexer.accept(")"):
            opened -= 1
            closed += 1
            if closed == 2:
                raise validation(parsing.REDUNDANT_PARENTHESES)
        elif not calculated and lexer.peek().text in ARITHMETIC:
            operator = lexer.next().text
            value = Function(operator, (value, parsing.parse_parenthesised(lexer)))
            closed, calculated = 0, True
        elif opened:
            raise lexer.error()
        else:
            parsing.check_parentheses(lexer)
            return value


def _check_action(action: Action) -> None:
    parsing.check_path(action.path)
    if action.operand is not None:
        _check_operand(action.operand, is_inside=False)


def _check_operand(operand: Operand, *, is_inside: bool) -> None:
    """`is_inside`: of a function or a calculation."""
    if isinstance(operand, Path):
        parsing.check_path(operand)
    elif isinstance(operand, Function):
        _check_function(operand, is_inside)


def _check_function(function: Function, is_inside: bool) -> None:
    name = function.name
    if name not in ARITHMETIC:
        if name not in parsing.FUNCTIONS:
            raise validation(f"Invalid function name; function: {name}")
        if name not in UPDATE_FUNCTIONS:
            raise validation(f"The function is not allowed in an update expression; function: {name}")
        if is_inside and name == "list_append":
            raise validation(f"The function is not allowed to be used this way in an expression; function: {name}")
    for argument in function.arguments:
        _check_operand(argument, is_inside=True)
