"""What the grammars of all expressions have in common: paths, values, calls and parentheses."""

from __future__ import annotations

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions.document_path import MAX_INDEX
from windtunnel.dynamodb.expressions.lexer import Lexer
from windtunnel.dynamodb.expressions.reserved import is_reserved
from windtunnel.dynamodb.expressions.tree import Function, Operand, Path, Value

MAX_EXPRESSION_SIZE = 4096
"""Bytes."""
MAX_OPERATORS = 300
FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
    "if_not_exists": 2,
    "list_append": 2,
}
"""Names, as they must be written, and numbers of operands."""
REDUNDANT_PARENTHESES = "The expression has redundant parentheses;"


def check_text(text: str) -> None:
    """Not empty, not too long."""
    if not text:
        raise validation("The expression can not be empty;")
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_EXPRESSION_SIZE:
        raise validation(f"Expression size has exceeded the maximum allowed size; expression size: {size}")


def check_operator_count(count: int) -> None:
    if count > MAX_OPERATORS:
        raise validation(f"The expression contains too many operators; operator count: {MAX_OPERATORS + 1}")


def check_path(path: Path) -> None:
    """What can be said of a path without anybody's names: reserved words, indexes."""
    for step in path.steps:
        if isinstance(step, int):
            if step > MAX_INDEX:
                raise validation(f"List index is not within the allowable range; index: [{step}]")
        elif is_reserved(step):
            raise validation(f"Attribute name is a reserved keyword; reserved keyword: {step}")


def parse_operand(lexer: Lexer, depth: int = 0) -> Operand:
    """A value, a path or a call. One frame of the stack for a call inside a call: they may nest as operators may."""
    token = lexer.peek()
    if token.kind == "value":
        lexer.next()
        return Value(token.text)
    if token.kind != "word" or lexer.tokens[lexer.position + 1].text != "(":
        return parse_path(lexer)
    check_operator_count(depth)
    lexer.next()
    lexer.expect("(")
    arguments: list[Operand] = []
    while not arguments or lexer.accept(","):
        opened = _open(lexer)
        arguments.append(parse_operand(lexer, depth + 1))
        _close(lexer, opened)
    lexer.expect(")")
    return Function(token.text, tuple(arguments))


def parse_parenthesised(lexer: Lexer) -> Operand:
    """An operand, or one in parentheses; not in two pairs."""
    opened = _open(lexer)
    operand = parse_operand(lexer)
    _close(lexer, opened)
    return operand


def parse_list(lexer: Lexer) -> tuple[Operand, ...]:
    """Operands between parentheses, one at least."""
    lexer.expect("(")
    operands = [parse_parenthesised(lexer)]
    while lexer.accept(","):
        operands.append(parse_parenthesised(lexer))
    lexer.expect(")")
    return tuple(operands)


def _open(lexer: Lexer) -> int:
    opened = 0
    while lexer.accept("("):
        opened += 1
    return opened


def _close(lexer: Lexer, opened: int) -> None:
    for _ in range(opened):
        lexer.expect(")")
    if opened > 1:
        lexer.redundant = True


def check_parentheses(lexer: Lexer) -> None:
    """None of the operands so far is in two pairs of them."""
    if lexer.redundant:
        raise validation(REDUNDANT_PARENTHESES)


def parse_path(lexer: Lexer) -> Path:
    """a, a.b, a[0], #a.#b[1].c"""
    token = lexer.peek()
    if token.kind not in ("word", "name"):
        raise lexer.error()
    lexer.next()
    steps: list[str | int] = [token.text]
    while True:
        if lexer.accept("."):
            token = lexer.peek()
            if token.kind not in ("word", "name", "value"):
                raise lexer.error()
            lexer.next()
            steps.append(token.text)
        elif lexer.accept("["):
            token = lexer.peek()
            if token.kind != "integer":
                raise lexer.error()
            lexer.next()
            steps.append(int(token.text))
            lexer.expect("]")
        else:
            return Path(tuple(steps))


def operators_in(operand: Operand) -> int:
    """Calls count as operators."""
    if isinstance(operand, Function):
        return 1 + sum(map(operators_in, operand.arguments))
    return 0
