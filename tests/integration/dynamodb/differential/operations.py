"""All ten operations on items, with their parameters: expressions or the older ones, mostly right."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st
from tests.integration.dynamodb.differential import values
from tests.integration.dynamodb.differential.chance import Chance, Draw
from tests.integration.dynamodb.differential.expressions import Expressions
from tests.integration.dynamodb.differential.tables import SHAPES, Shape

type Parameters = dict[str, Any]

OPERATORS = (
    "EQ",
    "NE",
    "LE",
    "LT",
    "GE",
    "GT",
    "BETWEEN",
    "IN",
    "BEGINS_WITH",
    "CONTAINS",
    "NOT_CONTAINS",
    "NULL",
    "NOT_NULL",
)
RETURNED = {"PutItem": ("NONE", "ALL_OLD"), "DeleteItem": ("NONE", "ALL_OLD")}
WHOLE = ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")


class Step(NamedTuple):
    operation: str
    parameters: Parameters


class Sequence(NamedTuple):
    shapes: tuple[Shape, ...]
    """The tables that it is about: all steps name the first, those of many items may name the second too."""
    steps: list[Step]


@st.composite
def sequences(draw: Draw) -> Sequence:
    """Some operations on a table or two that are empty before."""
    chance = Chance(draw)
    shapes = (chance.one(SHAPES), chance.one(SHAPES))
    maker = _Maker(chance, shapes)
    steps = chance.many(maker.filling, 3, 1) + chance.many(maker.step, 9, 1)
    return Sequence(shapes, steps)


class _Maker:
    def __init__(self, chance: Chance, shapes: tuple[Shape, Shape]) -> None:
        self._chance = chance
        self._shapes = shapes

    def filling(self) -> Step:
        chance, shape = self._chance, self._shapes[0]
        items = {
            str([made.get(name) for name in shape.keys]): made
            for made in chance.many(lambda: values.item(chance, shape), 8)
        }
        writes = [{"PutRequest": {"Item": made}} for made in items.values()]
        return Step("BatchWriteItem", {"RequestItems": {shape.name: writes}})

    def step(self) -> Step:
        chance = self._chance
        operation = chance.one(
            ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
             "TransactGetItems", "TransactWriteItems", "UpdateItem", "Query")
        )  # fmt: skip
        name = {"PutItem": "put", "GetItem": "get", "UpdateItem": "update", "DeleteItem": "delete"}.get(operation)
        made = getattr(self, f"_{name or operation.lower()}")(self._shapes[0])
        if chance.often(40):
            made["ReturnConsumedCapacity"] = chance.one(("TOTAL", "INDEXES", "NONE"))
        return Step(operation, self._damaged(made))

    def _damaged(self, made: Parameters) -> Parameters:
        """As it is, mostly; or a parameter gone, or one that is not right."""
        chance = self._chance
        if not chance.often(3):
            return made
        name = chance.one(list(made))
        if chance.often(50):
            return {each: of for each, of in made.items() if each != name}
        return made | {name: chance.one(("", "a", 1, None, {}, [], True, "table-none"))}

    # --- one item -----------------------------------------------------------------------------------------------

    def _condition(self, made: Parameters, texts: tuple[str, ...], expressions: Expressions) -> Parameters:
        chance = self._chance
        if chance.often(40):
            made["ConditionExpression"] = expressions.damaged(expressions.condition())
            texts += (made["ConditionExpression"],)
            if chance.often(40):
                made["ReturnValuesOnConditionCheckFailure"] = chance.one(("NONE", "ALL_OLD"))
        return made | expressions.placeholders(*texts)

    def _put(self, shape: Shape) -> Parameters:
        made: Parameters = {"TableName": shape.name, "Item": values.item(self._chance, shape)}
        return self._written("PutItem", made, shape)

    def _delete(self, shape: Shape) -> Parameters:
        made: Parameters = {"TableName": shape.name, "Key": values.key(self._chance, shape)}
        return self._written("DeleteItem", made, shape)

    def _written(self, operation: str, made: Parameters, shape: Shape) -> Parameters:
        chance = self._chance
        if chance.often(50):
            made["ReturnValues"] = chance.one(RETURNED[operation] if not chance.often(4) else WHOLE)
        if chance.often(20):
            return made | self._expected()
        return self._condition(made, (), Expressions(chance, shape))

    def _update(self, shape: Shape) -> Parameters:
        chance = self._chance
        made: Parameters = {"TableName": shape.name, "Key": values.key(chance, shape)}
        if chance.often(70):
            made["ReturnValues"] = chance.one(WHOLE)
        if chance.often(15):
            made["AttributeUpdates"] = {
                name: {"Action": chance.one(("PUT", "ADD", "DELETE"))}
                | ({"Value": values.any_value(chance)} if chance.often(85) else {})
                for name in chance.some(values.NAMES, 3)
            }
            return made | (self._expected() if chance.often(30) else {})
        expressions = Expressions(chance, shape)
        if chance.often(95):
            made["UpdateExpression"] = expressions.update()
        return self._condition(made, (made.get("UpdateExpression", ""),), expressions)

    def _get(self, shape: Shape) -> Parameters:
        chance = self._chance
        made: Parameters = {"TableName": shape.name, "Key": values.key(chance, shape)}
        if chance.often(30):
            made["ConsistentRead"] = chance.often(50)
        return made | self._projected(Expressions(chance, shape))

    def _projected(self, expressions: Expressions, *texts: str) -> Parameters:
        made: Parameters = {}
        if self._chance.often(30):
            made["ProjectionExpression"] = expressions.projection()
            texts += (made["ProjectionExpression"],)
        elif not texts and self._chance.often(10):
            return {"AttributesToGet": self._chance.some(("x", "y", "k", "l", "m.a"), 3)}
        return made | expressions.placeholders(*texts)

    def _conditions(self) -> Parameters:
        chance, made = self._chance, {}
        for name in chance.some((*values.NAMES, "n", "s"), 2):
            operator = chance.one(OPERATORS)
            count = {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0}.get(operator, 1)
            wanted = [values.any_value(chance) for _ in range(chance.upto(3) if chance.often(5) else count)]
            made[name] = {"ComparisonOperator": operator} | ({"AttributeValueList": wanted} if wanted else {})
        return made

    def _operator(self, conditions: Parameters) -> Parameters:
        if len(conditions) > 1 and self._chance.often(50):
            return {"ConditionalOperator": self._chance.one(("AND", "OR"))}
        return {}

    def _expected(self) -> Parameters:
        chance, made = self._chance, self._conditions()
        if chance.often(30):
            value = values.value(chance)
            made["x"] = chance.one(
                ({"Exists": False}, {"Value": value}, {"Exists": True, "Value": value}, {"Exists": True})
            )
        return {"Expected": made} | self._operator(made)

    # --- many items ---------------------------------------------------------------------------------------------

    def _query(self, shape: Shape) -> Parameters:
        chance = self._chance
        index = chance.one([*shape.indexes(), None, None])
        keys = shape.indexes()[index]
        expressions = Expressions(chance, shape)
        made: Parameters = self._read(shape, index)
        if chance.often(30):
            made["ScanIndexForward"] = chance.often(40)
        if chance.often(12):
            return made | self._older_query(keys)
        made["KeyConditionExpression"] = expressions.key_condition(keys)
        texts = (made["KeyConditionExpression"],)
        return made | self._filtered(expressions, texts)

    def _older_query(self, keys: dict[str, str]) -> Parameters:
        chance = self._chance
        made = {}
        for at, (name, kind) in enumerate(keys.items()):
            if at == 0 or chance.often(60):
                operator = chance.one(OPERATORS) if at or chance.often(4) else "EQ"
                count = {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0}.get(operator, 1)
                wanted = [values.key_value(chance, kind) for _ in range(count)]
                made[name] = {"ComparisonOperator": operator, "AttributeValueList": wanted}
        filtered = self._conditions() if chance.often(40) else {}
        return {"KeyConditions": made} | ({"QueryFilter": filtered} | self._operator(filtered) if filtered else {})

    def _scan(self, shape: Shape) -> Parameters:
        chance = self._chance
        made = self._read(shape, chance.one([None, *shape.indexes()]))
        if chance.often(20):
            total = chance.upto(3, 1)
            made |= {"TotalSegments": total, "Segment": chance.upto(total - (not chance.often(5)))}
        if chance.often(15):
            conditions = self._conditions()
            return made | {"ScanFilter": conditions} | self._operator(conditions)
        return made | self._filtered(Expressions(chance, shape), ())

    def _read(self, shape: Shape, index: str | None) -> Parameters:
        chance = self._chance
        made: Parameters = {"TableName": shape.name}
        if index or chance.often(1):
            made["IndexName"] = index or "none"
        if chance.often(35):
            made["Limit"] = chance.upto(4, 0 if chance.often(3) else 1)
        if chance.often(15):
            made["Select"] = chance.one(("COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"))
        if chance.often(20):
            made["ConsistentRead"] = chance.often(60)
        return made

    def _filtered(self, expressions: Expressions, texts: tuple[str, ...]) -> Parameters:
        made: Parameters = {}
        if self._chance.often(35):
            made["FilterExpression"] = expressions.damaged(expressions.condition())
            texts += (made["FilterExpression"],)
        if not texts:
            return self._projected(expressions)
        if self._chance.often(25):
            made["ProjectionExpression"] = expressions.projection()
            texts += (made["ProjectionExpression"],)
        return made | expressions.placeholders(*texts)

    def _tables(self) -> tuple[Shape, ...]:
        first, second = self._shapes
        return (first, second) if second != first and self._chance.often(30) else (first,)

    def _batchgetitem(self, _: Shape) -> Parameters:
        chance, made = self._chance, {}
        for shape in self._tables():
            wanted: Parameters = {"Keys": [values.key(chance, shape) for _ in range(chance.upto(5, 1))]}
            if chance.often(25):
                wanted["ConsistentRead"] = chance.often(60)
            made[shape.name] = wanted | self._projected(Expressions(chance, shape))
        return {"RequestItems": made}

    def _batchwriteitem(self, _: Shape) -> Parameters:
        chance, made = self._chance, {}
        for shape in self._tables():

            def write(shape: Shape = shape) -> Parameters:
                if chance.often(30):
                    return {"DeleteRequest": {"Key": values.key(chance, shape)}}
                return {"PutRequest": {"Item": values.item(chance, shape)}}

            made[shape.name] = chance.many(write, 5)
        return {"RequestItems": made}

    def _transactgetitems(self, _: Shape) -> Parameters:
        chance, made = self._chance, []
        for shape in self._tables():
            for _number in range(chance.upto(3, 1)):
                projected = self._projected(Expressions(chance, shape))
                projected.pop("AttributesToGet", None)
                made.append({"Get": {"TableName": shape.name, "Key": values.key(chance, shape), **projected}})
        return {"TransactItems": made}

    def _transactwriteitems(self, _: Shape) -> Parameters:
        chance, made = self._chance, []
        for shape in self._tables():
            for _number in range(chance.upto(4, 1)):
                kind = chance.one(("Put", "Delete", "Update", "ConditionCheck"))
                made.append({kind: self._action(kind, shape)})
        return {"TransactItems": made}

    def _action(self, kind: str, shape: Shape) -> Parameters:
        chance, expressions = self._chance, Expressions(self._chance, shape)
        made: Parameters = {"TableName": shape.name}
        if kind == "Put":
            made["Item"] = values.item(chance, shape)
        else:
            made["Key"] = values.key(chance, shape)
        texts: tuple[str, ...] = ()
        if kind == "Update":
            made["UpdateExpression"] = expressions.update()
            texts = (made["UpdateExpression"],)
        if kind == "ConditionCheck":
            made["ConditionExpression"] = expressions.condition()
            return made | expressions.placeholders(made["ConditionExpression"])
        return self._condition(made, texts, expressions)
