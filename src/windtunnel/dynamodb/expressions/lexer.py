"""The words of an expression, and the error for the one that does not fit.

What is a word, and what `near` shows of the text, as DynamoDB Local was seen to do it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from windtunnel.dynamodb.errors import DynamoDBError, validation

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r"(?P<word>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<name>\#[A-Za-z0-9_]+)"
    r"|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<integer>0|[1-9][0-9]*)"
    r"|(?P<symbol><=|>=|<>|[=<>()\[\],.+-])"
    r"|(?P<end>\Z)"
    r"|(?P<unknown>.)"
    r")",
    re.DOTALL,
)


KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"})
"""Words of the grammars, in any case; in every kind of expression none of them is a name."""


class Token(NamedTuple):
    """`kind`: word, keyword, name (#x), value (:x), integer, symbol, unknown or end."""

    kind: str
    text: str
    """In capitals where it is one of the grammar's keywords; else as it stands."""
    start: int
    end: int


class Lexer:
    """An expression's tokens, and the place where a parser is in them."""

    __slots__ = ("position", "redundant", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.redundant = False
        """Whether an operand stood in two pairs of parentheses; told once what it is part of is complete."""
        self.tokens: list[Token] = []
        at = 0
        while not self.tokens or self.tokens[-1].kind != "end":
            found = _TOKEN.match(text, at)
            assert found is not None
            kind = found.lastgroup or ""
            word = found.group(kind)
            if kind == "word" and word.upper() in KEYWORDS:
                kind, word = "keyword", word.upper()
            self.tokens.append(Token(kind, word, *found.span(found.lastgroup or "")))
            at = found.end()

    def peek(self) -> Token:
        return self.tokens[self.position]

    def next(self) -> Token:
        """The token, to go on behind it; not to be called at the end."""
        token = self.tokens[self.position]
        self.position += 1
        return token

    def accept(self, text: str) -> bool:
        """Go on over a symbol or keyword, if it is the next token."""
        token = self.tokens[self.position]
        if token.text == text and token.kind in ("symbol", "keyword"):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error()

    def error(self) -> DynamoDBError:
        """What is wrong is the next token."""
        token = self.peek()
        before = self.tokens[self.position - 1].start if self.position else 0
        after = self.tokens[min(self.position + 1, len(self.tokens) - 1)].end
        shown = "<EOF>" if token.kind == "end" else self.text[token.start : token.end]
        return validation(f'Syntax error; token: "{shown}", near: "{self.text[before:after]}"')
