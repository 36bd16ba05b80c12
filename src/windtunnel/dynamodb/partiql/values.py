"""Names, paths, literals and parameters in a statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.partiql.statement import Path, Placeholders
from windtunnel.dynamodb.partiql.tokens import Token, malformed, read_tokens

SETS = {"S": "SS", "N": "NS", "B": "BS"}


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison, as an expression has it; `path` where it is an attribute."""

    text: str
    path: Path | None = None


class Values:
    """Reads a statement's words one by one. Values get placeholders in the order in which they are read."""

    def __init__(self, statement: str, parameters: Sequence[Any]) -> None:
        self._tokens = read_tokens(statement)
        self._at = 0
        self._parameters = list(parameters)
        self._names: dict[str, str] = {}
        self.placeholders = Placeholders()

    # --- words --------------------------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def next(self) -> Token:
        token = self.peek()
        self._at += 1
        return token

    def accept(self, word: str) -> bool:
        """Whether the next word is this one; it is read then."""
        if self.peek().word != word:
            return False
        self._at += 1
        return True

    def require(self, word: str) -> None:
        token = self.next()
        if token.word != word:
            raise malformed(f"Expected {word} at position {token.at + 1}, found: {token.text or 'the end'}")

    def require_end(self) -> None:
        if self.peek().kind != "end":
            raise malformed(f"Unexpected term at position {self.peek().at + 1}: {self.peek().text}")

    @property
    def parameters_left(self) -> bool:
        return bool(self._parameters)

    # --- names --------------------------------------------------------------------------------------------------

    def name(self) -> str:
        token = self.next()
        if token.kind not in ("name", "quoted"):
            raise malformed(f"Expected a name at position {token.at + 1}, found: {token.text or 'the end'}")
        return token.text

    def path(self) -> Path:
        steps: list[str | int] = [self.name()]
        while True:
            if self.accept("."):
                steps.append(self.name())
            elif self.peek().word == "[" and self.peek(1).kind == "number":
                self.require("[")
                number = self.next().text
                if not number.isdigit():
                    raise malformed(f"{number} is no position in a list")
                steps.append(int(number))
                self.require("]")
            else:
                return tuple(steps)

    def path_text(self, path: Path) -> str:
        """As an expression has it, with placeholders for its names."""
        text = ""
        for step in path:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                key = self._names.setdefault(step, f"#n{len(self._names)}")
                self.placeholders.names[key] = step
                text += f".{key}" if text else key
        return text

    # --- values -------------------------------------------------------------------------------------------------

    def placeholder(self, value: Any) -> str:
        key = f":v{len(self.placeholders.values)}"
        self.placeholders.values[key] = value
        return key

    def operand(self) -> Operand:
        token = self.peek()
        if token.word == "SIZE" and self.peek(1).word == "(":
            self.next()
            self.require("(")
            text = self.path_text(self.path())
            self.require(")")
            return Operand(f"size({text})")
        if token.kind == "quoted" or (token.kind == "name" and token.word not in ("TRUE", "FALSE", "NULL")):
            path = self.path()
            return Operand(self.path_text(path), path)
        return Operand(self.placeholder(self.value()))

    def value(self) -> dict[str, Any]:
        """A literal or a parameter, as an attribute value."""
        token = self.next()
        if token.word == "?":
            if not self._parameters:
                raise validation("Number of parameters in request and statement don't match.")
            parameter: dict[str, Any] = self._parameters.pop(0)
            return parameter
        if token.kind == "string":
            return {"S": token.text}
        if token.kind == "number":
            return {"N": token.text}
        if token.word == "-" and self.peek().kind == "number":
            return {"N": "-" + self.next().text}
        if token.word in ("TRUE", "FALSE"):
            return {"BOOL": token.word == "TRUE"}
        if token.word == "NULL":
            return {"NULL": True}
        if token.word == "[":
            return {"L": self._until("]")}
        if token.word == "<<":
            return self._set_value()
        if token.word == "{":
            return {"M": self._map()}
        raise malformed(f"Unexpected term at position {token.at + 1}: {token.text or 'the end'}")

    def _until(self, closing: str) -> list[dict[str, Any]]:
        values: list[dict[str, Any]] = []
        if self.accept(closing):
            return values
        values.append(self.value())
        while self.accept(","):
            values.append(self.value())
        self.require(closing)
        return values

    def _set_value(self) -> dict[str, Any]:
        values = self._until(">>")
        kinds = {kind for value in values for kind in value}
        if len(kinds) != 1 or not kinds <= SETS.keys():
            raise malformed("a set has strings, or numbers, or binary values, and at least one")
        (kind,) = kinds
        return {SETS[kind]: [value[kind] for value in values]}

    def _map(self) -> dict[str, Any]:
        read: dict[str, Any] = {}
        if self.accept("}"):
            return read
        while True:
            token = self.next()
            if token.kind not in ("string", "quoted", "name"):
                raise malformed(f"Expected a name at position {token.at + 1}, found: {token.text or 'the end'}")
            self.require(":")
            read[token.text] = self.value()
            if not self.accept(","):
                break
        self.require("}")
        return read
