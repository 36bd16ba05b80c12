"""WHERE: a condition in PartiQL, said as a condition expression."""

from __future__ import annotations

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.partiql.statement import Path, Test
from windtunnel.dynamodb.partiql.tokens import malformed
from windtunnel.dynamodb.partiql.values import Operand, Values

ORDERED = frozenset({"S", "N", "B"})
COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Conditions(Values):
    """Reads conditions; OR binds weaker than AND, AND weaker than NOT."""

    def conditions(self) -> tuple[Test, ...]:
        """The parts that AND joins; one, where OR is the outermost."""
        first = self._and()
        if self.peek().word != "OR":
            return first
        alternatives = [_joined(first)]
        while self.accept("OR"):
            alternatives.append(_joined(self._and()))
        return (Test("(" + " OR ".join(alternatives) + ")"),)

    def _and(self) -> tuple[Test, ...]:
        tests = list(self._not())
        while self.accept("AND"):
            tests.extend(self._not())
        return tuple(tests)

    def _not(self) -> tuple[Test, ...]:
        if self.accept("NOT"):
            return (Test(f"(NOT {_joined(self._not())})"),)
        if self.peek().word == "(":
            self.require("(")
            tests = self.conditions()
            self.require(")")
            return tests
        return (self._test(),)

    def _test(self) -> Test:
        for function in ("begins_with", "contains", "attribute_type"):
            if self.peek().word == function.upper() and self.peek(1).word == "(":
                return self._function(function)
        left = self.operand()
        if self.accept("IS"):
            return self._is(left)
        negated = self.accept("NOT")
        if self.accept("BETWEEN"):
            low = self.operand()
            self.require("AND")
            high = self.operand()
            self._require_ordered("BETWEEN", left, low, high)
            test = _test(f"{left.text} BETWEEN {low.text} AND {high.text}", left, "BETWEEN", low, high)
        elif self.accept("IN"):
            values = self._list()
            listed = ", ".join(value.text for value in values)
            test = _test(f"{left.text} IN ({listed})", left, "IN", *values)
        elif negated:
            raise malformed(f"Expected BETWEEN or IN at position {self.peek().at + 1}")
        else:
            return self._comparison(left)
        return Test(f"(NOT {test.text})") if negated else test

    def _comparison(self, left: Operand) -> Test:
        token = self.next()
        operator = COMPARISONS.get(token.word)
        if operator is None:
            raise malformed(f"Unexpected term at position {token.at + 1}: {token.text}")
        right = self.operand()
        if operator not in ("=", "<>"):
            self._require_ordered(operator, left, right)
        text = f"{left.text} {operator} {right.text}"
        if left.path is None and right.path is not None and operator in MIRRORED:
            return _test(text, right, MIRRORED[operator], left)
        return _test(text, left, operator, right)

    def _require_ordered(self, operator: str, *operands: Operand) -> None:
        """Said of the statement alone, before its table is looked for."""
        for operand in operands:
            for kind in self.placeholders.values.get(operand.text) or ():
                if kind not in ORDERED:
                    raise validation(
                        "Incorrect operand type for operator or function; "
                        f"operator or function: {operator}, operand type: {kind}"
                    )

    def _is(self, left: Operand) -> Test:
        negated = self.accept("NOT")
        if left.path is None:
            raise malformed("IS wants an attribute before it")
        if self.accept("MISSING"):
            return Test(f"{'attribute_exists' if negated else 'attribute_not_exists'}({left.text})")
        self.require("NULL")
        text = f"attribute_type({left.text}, {self.placeholder({'S': 'NULL'})})"
        return Test(f"(NOT {text})" if negated else text)

    def _function(self, name: str) -> Test:
        self.next()
        self.require("(")
        left = self.operand()
        self.require(",")
        right = self.operand()
        self.require(")")
        return _test(f"{name}({left.text}, {right.text})", left, name, right)

    def _list(self) -> list[Operand]:
        closing = {"[": "]", "(": ")"}.get(self.next().word)
        if closing is None:
            raise malformed("IN wants a list")
        values = [self.operand()]
        while self.accept(","):
            values.append(self.operand())
        self.require(closing)
        return values


def _joined(tests: tuple[Test, ...]) -> str:
    return tests[0].text if len(tests) == 1 else "(" + " AND ".join(test.text for test in tests) + ")"


def _test(text: str, left: Operand, operator: str, *values: Operand) -> Test:
    """A test of a whole attribute against values, where it is one: those may be about a key."""
    name = _whole(left.path)
    if name is None or any(value.path is not None or not value.text.startswith(":") for value in values):
        return Test(text)
    return Test(text, name, operator, tuple(value.text for value in values))


def _whole(path: Path | None) -> str | None:
    if path is None or len(path) != 1:
        return None
    return str(path[0])
