"""Reads PartiQL as DynamoDB has it: SELECT, INSERT, UPDATE, DELETE, and EXISTS within a transaction.

Grammar: Developer Guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB", the pages of its statements,
operators and functions. Messages: recorded from AWS by dynamodb-conformance
(tests/tier3/error-messages/partiql.test.ts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.partiql.conditions import Conditions
from windtunnel.dynamodb.partiql.statement import Delete, Exists, Insert, Path, Select, Statement, Test, Update
from windtunnel.dynamodb.partiql.tokens import malformed

RETURNING = {
    ("ALL", "OLD"): "ALL_OLD",
    ("MODIFIED", "OLD"): "UPDATED_OLD",
    ("ALL", "NEW"): "ALL_NEW",
    ("MODIFIED", "NEW"): "UPDATED_NEW",
}


def parse(statement: str, parameters: Sequence[Any]) -> Statement:
    """The statement with its parameters in the place of its question marks. Raises DynamoDBError."""
    reader = _Statements(statement, parameters)
    read = reader.statement()
    reader.accept(";")
    reader.require_end()
    if reader.parameters_left:
        raise validation("Number of parameters in request and statement don't match.")
    return read


class _Statements(Conditions):
    def statement(self) -> Statement:
        token = self.next()
        if token.word == "SELECT":
            return self._select()
        if token.word == "INSERT":
            return self._insert()
        if token.word == "UPDATE":
            return self._update()
        if token.word == "DELETE":
            return self._delete()
        if token.word == "EXISTS":
            self.require("(")
            self.require("SELECT")
            select = self._select()
            self.require(")")
            return Exists(select)
        raise malformed("Expected data manipulation")

    def _select(self) -> Select:
        paths: list[Path] | None = None
        if not self.accept("*"):
            paths = [self.path()]
            while self.accept(","):
                paths.append(self.path())
        self.require("FROM")
        table, index = self._table()
        where = self._where()
        order: list[tuple[str, bool]] = []
        if self.accept("ORDER"):
            self.require("BY")
            while True:
                name = self.name()
                down = self.accept("DESC")
                if not down:
                    self.accept("ASC")
                order.append((name, down))
                if not self.accept(","):
                    break
        return Select(table, index, tuple(paths) if paths else None, where, tuple(order), self.placeholders)

    def _table(self) -> tuple[str, str | None]:
        components = [self.name()]
        while self.accept("."):
            components.append(self.name())
        if len(components) > 2:
            raise validation("A path may contain at most 2 components in the FROM clause")
        if not all(components):
            raise validation("Path component cannot be an empty string")
        return components[0], components[1] if len(components) == 2 else None

    def _where(self) -> tuple[Test, ...]:
        return self.conditions() if self.accept("WHERE") else ()

    def _insert(self) -> Insert:
        self.require("INTO")
        table = self.name()
        self.require("VALUE")
        value = self.value()
        if "M" not in value:
            raise malformed("the VALUE of an INSERT is to be a tuple")
        return Insert(table, value["M"])

    def _update(self) -> Update:
        table = self.name()
        changes: dict[str, list[str]] = {}
        while True:
            if self.accept("SET"):
                self._set(changes)
                while self.accept(","):
                    self._set(changes)
            elif self.accept("REMOVE"):
                changes.setdefault("REMOVE", []).append(self.path_text(self.path()))
                while self.accept(","):
                    changes["REMOVE"].append(self.path_text(self.path()))
            else:
                break
        if not changes:
            raise malformed("an UPDATE has SET or REMOVE")
        where = self._where()
        returning = self._returning()
        clauses = {clause: tuple(parts) for clause, parts in changes.items()}
        return Update(table, clauses, where, returning, self.placeholders)

    def _set(self, changes: dict[str, list[str]]) -> None:
        target = self.path_text(self.path())
        self.require("=")
        for function, clause in (("SET_ADD", "ADD"), ("SET_DELETE", "DELETE")):
            if self.accept(function):
                self.require("(")
                source = self.path_text(self.path())
                if source != target:
                    raise malformed(f"{function} changes the attribute that it is of")
                self.require(",")
                changes.setdefault(clause, []).append(f"{target} {self.operand().text}")
                self.require(")")
                return
        changes.setdefault("SET", []).append(f"{target} = {self._new_value()}")

    def _new_value(self) -> str:
        for function in ("LIST_APPEND", "IF_NOT_EXISTS"):
            if self.accept(function):
                self.require("(")
                first = self.operand().text
                self.require(",")
                second = self._new_value()
                self.require(")")
                return f"{function.lower()}({first}, {second})"
        text = self.operand().text
        for sign in ("+", "-"):
            if self.accept(sign):
                return f"{text} {sign} {self.operand().text}"
        return text

    def _delete(self) -> Delete:
        self.require("FROM")
        table = self.name()
        where, returning = self._where(), self._returning()
        if returning not in (None, "ALL_OLD"):
            words = next(words for words, told in RETURNING.items() if told == returning)
            raise validation(
                f"Invalid returning clause: RETURNING {' '.join(words)} *. "
                "Only RETURNING ALL OLD * is allowed in DELETE statements."
            )
        return Delete(table, where, returning, self.placeholders)

    def _returning(self) -> str | None:
        if not self.accept("RETURNING"):
            return None
        which = (self.next().word, self.next().word)
        if which not in RETURNING:
            raise malformed(f"RETURNING {' '.join(which)} is not ALL or MODIFIED, OLD or NEW")
        self.require("*")
        return RETURNING[which]
