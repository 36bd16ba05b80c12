"""Expressions of every kind, mostly right, some damaged: a token gone, added or changed."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.dynamodb.differential.chance import Chance
from tests.integration.dynamodb.differential.tables import Shape
from tests.integration.dynamodb.differential.values import any_value, key_value

PLACES = {"#x": "x", "#y": "y", "#m": "m", "#nm": "name", "#k": "k"}
WORDS = "a :v0 ( ) [ ] 0 , . = < <> + - AND OR NOT IN SET size $"
TOKENS = tuple(WORDS.split())
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
FUNCTIONS = ("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains")


class Expressions:
    """The expressions of one request, with the names and values that they use."""

    def __init__(self, chance: Chance, shape: Shape) -> None:
        self._chance = chance
        self._shape = shape
        self._values: dict[str, Any] = {}

    def placeholders(self, *texts: str) -> dict[str, Any]:
        """The request's ExpressionAttributeNames and -Values for these expressions; seldom one too few or too many."""
        chance, text = self._chance, " ".join(texts)
        names = {name: of for name, of in PLACES.items() if re.search(rf"{name}\b", text)}
        values = {name: of for name, of in self._values.items() if re.search(rf"{name}\b", text)}
        if chance.often(2):
            chance.one((names, values)).clear()
        if chance.often(2):
            values[":unused"] = {"S": "a"}
        made = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return {name: of for name, of in made.items() if of}

    def path(self) -> str:
        chance = self._chance
        made = chance.one(("x", "y", "z", "m", "l", "t", "#x", "#y", "#m", "n", "s", "b"))
        if chance.often(3):
            made = chance.one(("k", "r", "name", "#nm", "#k", "#u"))
        while chance.often(25):
            made += chance.one((".a", ".b", "[0]", "[1]", ".c", "[7]", ".#x"))
        return made

    def value(self, made: Any = None) -> str:
        name = f":v{len(self._values)}"
        self._values[name] = any_value(self._chance) if made is None else made
        return name

    def _number(self) -> str:
        return self.value({"N": self._chance.one(("1", "2.5", "-3", "0"))})

    def _operand(self) -> str:
        chance = self._chance
        kind = chance.upto(9)
        return self.value() if kind < 5 else self.path() if kind < 9 else f"size({self.path()})"

    def condition(self, depth: int = 0) -> str:
        chance = self._chance
        kind = chance.upto(9 if depth < 2 else 5)
        if kind == 0:
            return f"{chance.one(FUNCTIONS[:2])}({self.path()})"
        if kind < 3:
            return f"{self.path()} {chance.one(COMPARISONS)} {self._operand()}"
        if kind == 3:
            name = chance.one(FUNCTIONS[2:])
            types = ("S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL", "Q")
            second = self.value({"S": chance.one(types)}) if name == "attribute_type" else self._operand()
            return f"{name}({self.path()}, {second})"
        if kind == 4:
            return f"{self._operand()} BETWEEN {self._operand()} AND {self._operand()}"
        if kind == 5:
            return f"{self._operand()} IN ({', '.join(chance.many(self._operand, 3))})"
        if kind == 6:
            return f"NOT {self.condition(depth + 1)}"
        if kind == 7:
            return f"({self.condition(depth + 1)})"
        return f"{self.condition(depth + 1)} {chance.one(('AND', 'OR'))} {self.condition(depth + 1)}"

    def _assigned(self, depth: int = 0) -> str:
        chance = self._chance
        kind = chance.upto(7 if depth < 2 else 1)
        if kind < 2:
            return self.value() if kind == 0 else self.path()
        if kind == 2:
            return f"list_append({self._assigned(depth + 1)}, {self._assigned(depth + 1)})"
        if kind == 3:
            return f"list_append({self.path()}, {self.value({'L': [{'N': '1'}]})})"
        if kind == 4:
            return f"if_not_exists({self.path()}, {self._assigned(depth + 1)})"
        if kind == 5:
            return f"if_not_exists(x, {self._number()}) {chance.one('+-')} {self._number()}"
        return f"{chance.one((self.path, self._number))()} {chance.one('+-')} {self._number()}"

    def _added(self) -> str:
        kind = self._chance.upto(2)
        if kind == 0:
            return self._number()
        return self.value(
            self._chance.one(({"SS": ["a", "q"]}, {"NS": ["1"]}, {"BS": ["YQ=="]})) if kind == 1 else None
        )

    def update(self) -> str:
        chance, made = self._chance, []
        sections = chance.some(("SET", "REMOVE", "ADD", "DELETE"), 3)
        for section in sections:
            if section == "SET":
                parts = chance.many(lambda: f"{self.path()} = {self._assigned()}", 3)
            elif section == "REMOVE":
                parts = chance.many(self.path, 2)
            else:
                parts = chance.many(lambda: f"{self.path()} {self._added()}", 2)
            made.append(f"{section} {', '.join(parts)}")
        return self.damaged(" ".join(made))

    def projection(self) -> str:
        return self.damaged(", ".join(self._chance.many(self.path, 3)))

    def key_condition(self, keys: dict[str, str]) -> str:
        chance = self._chance
        names = list(keys)
        made = f"{names[0]} = {self.value(key_value(chance, keys[names[0]]))}"
        if len(names) > 1 and chance.often(60):
            name, kind = names[1], keys[names[1]]

            def bound() -> str:
                return self.value(key_value(chance, "S" if chance.often(4) else kind))

            which = chance.upto(2)
            if which == 0:
                second = f"{name} {chance.one(('=', '<', '<=', '>', '>='))} {bound()}"
            elif which == 1:
                second = f"{name} BETWEEN {bound()} AND {bound()}"
            else:
                second = f"begins_with({name}, {bound()})"
            made = f"{made} AND {second}" if chance.often(80) else f"{second} AND {made}"
        if chance.often(3):
            made += f" AND {self.condition()}"
        return self.damaged(made)

    def damaged(self, text: str) -> str:
        """The text as it is, mostly."""
        chance = self._chance
        if not chance.often(5):
            return text
        tokens = re.findall(r"[#:]?\w+|<>|<=|>=|\S", text)
        at, kind = chance.upto(len(tokens) - 1), chance.upto(2)
        tokens[at : at + (kind != 1)] = [chance.one(TOKENS)] if kind else []
        return " ".join(tokens)
