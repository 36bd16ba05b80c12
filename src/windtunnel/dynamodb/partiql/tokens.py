"""The words of a PartiQL statement."""

from __future__ import annotations

import re
from dataclasses import dataclass

from windtunnel.dynamodb.errors import DynamoDBError, validation

_TOKEN = re.compile(
    r"""\s+
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)? | \.\d+(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<mark><<|>>|<>|!=|<=|>=|[=<>?.,:;*()\[\]{}+\-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is string, quoted, number, name, mark or end; `text` what it says, without its quotes."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """A bare name in capitals, or a mark: what is compared with a keyword."""
        return self.text.upper() if self.kind == "name" else self.text if self.kind == "mark" else ""


def malformed(what: str) -> DynamoDBError:
    """The ValidationException that AWS answers to a statement that it cannot read."""
    return validation(f"Statement wasn't well formed, can't be processed: {what}")


def read_tokens(statement: str) -> list[Token]:
    """A statement's words, and an end. Raises DynamoDBError."""
    tokens: list[Token] = []
    at = 0
    while at < len(statement):
        found = _TOKEN.match(statement, at)
        if found is None:
            raise malformed(f"Unexpected character at position {at + 1}: {statement[at]}")
        kind = found.lastgroup
        if kind is not None:
            text = found.group()
            if kind in ("string", "quoted"):
                quote = text[0]
                text = text[1:-1].replace(quote * 2, quote)
            tokens.append(Token(kind, text, at))
        at = found.end()
    tokens.append(Token("end", "", len(statement)))
    return tokens
