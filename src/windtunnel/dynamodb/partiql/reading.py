"""SELECT: a Query where the partition is named, a Scan where it is not; filtered and cut down afterwards."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import invalid_parameter, validation
from windtunnel.dynamodb.expressions.condition import parse_condition
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.operations.query import query
from windtunnel.dynamodb.operations.scan import scan
from windtunnel.dynamodb.partiql.inner import perform
from windtunnel.dynamodb.partiql.statement import Path, Select, Test
from windtunnel.dynamodb.table import Index, KeySchema, Table

RANGE_OPERATORS = frozenset({"=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"})
type Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a SELECT is done: a query for each key condition one after the other, or a scan where there is none."""

    keys: tuple[tuple[str, ...], ...]
    """The texts of each query's key condition."""
    rest: tuple[Test, ...]
    """What remains to be looked at."""


def plan(select: Select, key: KeySchema) -> Plan:
    """A query by the hash key where the statement compares that with = or IN."""
    hashes = [test for test in select.where if test.name == key.hash and test.operator in ("=", "IN")]
    if not hashes:
        return Plan((), select.where)
    hash_test = hashes[0]
    ranges = [test for test in select.where if test.name == key.range and test.operator in RANGE_OPERATORS]
    range_test = ranges[0] if ranges else None
    rest = tuple(test for test in select.where if test is not hash_test and test is not range_test)
    if hash_test.operator == "=":
        texts = [hash_test.text]
    else:
        name = hash_test.text.split(" ", 1)[0]
        # a value that is named twice is looked for once
        values = {json.dumps(select.placeholders.values[value]): value for value in hash_test.values}
        texts = [f"{name} = {value}" for value in values.values()]
    return Plan(tuple((text, range_test.text) if range_test else (text,) for text in texts), rest)


def run_select(call: Call, select: Select) -> dict[str, Any]:
    """ExecuteStatement's answer to a SELECT: one page."""
    table = call.table(select.table)
    index = _index(call, table, select)
    key = index.key if index else table.key
    planned = plan(select, key)
    fetched = _fetched(select, table, index, planned) if index else []
    forward = _forward(select, key, planned)
    step, start = _read_token(call, select)
    request: dict[str, Any] = {"TableName": select.table}
    if select.index:
        request["IndexName"] = select.index
    if call.parameters.get("ConsistentRead") is not None:
        request["ConsistentRead"] = call.parameters["ConsistentRead"]
    if call.parameters.get("Limit") is not None:
        request["Limit"] = call.parameters["Limit"]
    if start:
        request["ExclusiveStartKey"] = start
    texts: tuple[str, ...] = ()
    if planned.keys:
        texts = planned.keys[step]
        request |= {"KeyConditionExpression": " AND ".join(texts), "ScanIndexForward": forward}
    request |= select.placeholders.of(texts)
    if fetched:
        names = {f"#f{number}": name for number, name in enumerate(fetched)}
        request["ProjectionExpression"] = ", ".join(names)
        request["ExpressionAttributeNames"] = {**request.get("ExpressionAttributeNames", {}), **names}
    page = perform(call, query if planned.keys else scan, request)
    answer: dict[str, Any] = {"Items": _chosen(select, planned.rest, page["Items"])}
    call.bill.returned_items = len(answer["Items"])
    if "ConsumedCapacity" in page:
        answer["ConsumedCapacity"] = page["ConsumedCapacity"]
    last = page.get("LastEvaluatedKey")
    if last or step + 1 < len(planned.keys):
        answer["NextToken"] = _token(select, step if last else step + 1, last)
        if last:
            answer["LastEvaluatedKey"] = last
    return answer


def _index(call: Call, table: Table, select: Select) -> Index | None:
    if select.index is None:
        return None
    index = table.indexes.get(select.index)
    if index is None:
        raise validation("The table does not have the specified index")
    if index.is_global and call.parameters.get("ConsistentRead"):
        raise validation("Strongly consistent read is not supported on Global Secondary Indexes")
    return index


def _fetched(select: Select, table: Table, index: Index, planned: Plan) -> list[str]:
    """The attributes to ask for where an index has not all of them: a local one fetches them from its table.

    Raises ValidationException where a global one would have to, and where a query filters by what is not there.
    """
    if index.projection == "ALL":
        return []
    there = {*table.key.names, *index.key.names, *index.included}
    filtered = {name: None for test in planned.rest for name in select.placeholders.attributes(test.text)}
    if planned.keys and (missing := [name for name in filtered if name not in there]):
        raise invalid_parameter(
            f"Secondary index {index.name} does not project one or more filter attributes: [{', '.join(missing)}]"
        )
    wanted = list(dict.fromkeys(str(path[0]) for path in select.paths or ()))
    missing = [name for name in wanted if name not in there]
    if not missing:
        return []
    if index.is_global:
        raise invalid_parameter(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")
    return list(dict.fromkeys([*wanted, *filtered]))


def _forward(select: Select, key: KeySchema, planned: Plan) -> bool:
    if not select.order:
        return True
    if not planned.keys:
        raise validation(
            "Must have WHERE clause in the statement when using ORDER BY clause."
            if not select.where
            else "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    for name, down in select.order:
        if name == key.range:
            return not down
        if name != key.hash:
            raise validation(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    return True


def _chosen(select: Select, rest: Sequence[Test], items: Sequence[Item]) -> list[Item]:
    if rest:
        text = " AND ".join(test.text for test in rest)
        request = {"FilterExpression": text, **select.placeholders.of([text])}
        condition = parse_condition(
            text, of_request(request, expressions=("FilterExpression",)), where="FilterExpression"
        )
        items = [item for item in items if condition.matches(item)]
    return [project(item, select.paths) for item in items] if select.paths else list(items)


def project(item: Mapping[str, Any], paths: Sequence[Path]) -> Item:
    """What a SELECT list takes of an item: each under the last name of its path, with the positions after it."""
    cut: Item = {}
    for path in paths:
        found = _at(item, path)
        if found is not None:
            cut[_label(path)] = found
    return cut


def _at(item: Mapping[str, Any], path: Path) -> Any:
    value: Any = item.get(str(path[0]))
    for step in path[1:]:
        if value is None:
            return None
        if isinstance(step, int):
            entries = value.get("L") or ()
            value = entries[step] if step < len(entries) else None
        else:
            value = (value.get("M") or {}).get(step)
    return value


def _label(path: Path) -> str:
    label = ""
    for step in path:
        label = label + f"[{step}]" if isinstance(step, int) else step
    return label


# --- the token of the next page -------------------------------------------------------------------------------


def _digest(select: Select) -> str:
    said = json.dumps([select.table, select.index, [test.text for test in select.where], select.placeholders.values])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _token(select: Select, step: int, last: Mapping[str, Any] | None) -> str:
    return base64.b64encode(json.dumps([_digest(select), step, last]).encode()).decode()


def _read_token(call: Call, select: Select) -> tuple[int, Item | None]:
    """Which query, and where in it. Raises ValidationException where the token is another statement's."""
    token = call.parameters.get("NextToken")
    if token is None:
        return 0, None
    try:
        digest, step, last = json.loads(base64.b64decode(token, validate=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise validation("Invalid NextToken") from error
    if digest != _digest(select):
        raise validation("NextToken does not match request")
    return int(step), last
