"""TransactWriteItems: up to 100 writes and condition checks, all or none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.consumed import READ, WRITE, ConsumedByTable, wanted
from windtunnel.dynamodb.errors import DynamoDBError, transaction_conflict, validation
from windtunnel.dynamodb.expressions.condition import Condition
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.expressions.update import Update, parse_update
from windtunnel.dynamodb.item_key import key_of_item, read_key
from windtunnel.dynamodb.item_write import ItemWrite, Outcome, carry_out, outcome_of
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.sizes import check_item_size
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.transaction import (
    MOST_BYTES,
    NONE,
    TOKEN_SECONDS,
    TOO_LARGE,
    cancel_if_any,
    check_single,
    check_token,
    reason,
    request_digest,
)
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import collection_metrics, returns_old_on_failure, write_condition

ACTIONS = ("ConditionCheck", "Put", "Update", "Delete")


@dataclass(frozen=True, slots=True)
class _Action:
    """One action, checked as far as that goes without its table."""

    kind: str
    parameters: Mapping[str, Any]
    item: dict[str, Any]
    """What is put, or the key."""
    size: int
    condition: Condition | None
    update: Update | None


def transact_write_items(call: Call) -> Answer:
    parameters = call.parameters
    token = parameters.get("ClientRequestToken")
    name = f"{call.account}/{call.region}/{token}"
    digest = request_digest(parameters)
    done = token is not None and check_token(call.store.find_token(name, call.now), digest)
    actions = [_checked(entry) for entry in parameters["TransactItems"]]
    if sum(action.size for action in actions) > MOST_BYTES:
        raise validation(TOO_LARGE)
    tables = [call.table(action.parameters["TableName"]) for action in actions]
    writes, reasons = _writes(actions, tables)
    check_single((write.table, write.key) for write in writes if write)
    cancel_if_any(reasons)
    if done:
        return _replayed(call, [write for write in writes if write])
    consumed = ConsumedByTable(call.bill, WRITE)
    with call.store.transaction():
        outcomes = _outcomes(call, [write for write in writes if write], consumed)
        for outcome in outcomes:
            # a check costs what a write of the item would
            carry_out(call, outcome, consumed.of(outcome.write.table), transactional=True)
        if token is not None:
            call.store.put_token(name, digest, b"", now=call.now, seconds=TOKEN_SECONDS)
    return _answer(call, outcomes, consumed)


def _checked(entry: Mapping[str, Any]) -> _Action:
    given = [kind for kind in ACTIONS if entry.get(kind) is not None]
    if len(given) > 1:
        raise validation("TransactItems can only contain one of Check, Put, Update or Delete")
    if not given:
        raise validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
    kind = given[0]
    parameters = entry[kind]
    expressions = ("UpdateExpression", "ConditionExpression") if kind == "Update" else ("ConditionExpression",)
    placeholders = of_request(parameters, expressions=expressions, legacy=())
    item = check_item(parameters["Item" if kind == "Put" else "Key"])
    size = check_item_size(item) if kind == "Put" else 0
    update = None
    if kind == "Update":
        update = parse_update(parameters["UpdateExpression"], placeholders)
    condition = write_condition(parameters, placeholders)
    placeholders.check_all_used()
    return _Action(kind, parameters, item, size, condition, update)


def _writes(actions: list[_Action], tables: list[Table]) -> tuple[list[ItemWrite | None], list[dict[str, Any]]]:
    """The writes, and for those that do not go with their table, why."""
    writes: list[ItemWrite | None] = []
    reasons: list[dict[str, Any]] = []
    for action, table in zip(actions, tables, strict=True):
        try:
            writes.append(_write(action, table))
            reasons.append(NONE)
        except DynamoDBError as error:
            writes.append(None)
            reasons.append(reason(error))
    return writes, reasons


def _write(action: _Action, table: Table) -> ItemWrite:
    if action.update is not None:
        action.update.check_keys(table.key.names)
    check_paths(table, action.update, action.condition)
    put = action.kind == "Put"
    return ItemWrite(
        table,
        key_of_item(table, action.item) if put else read_key(table, action.item),
        action.item,
        action.condition,
        row=Row.sized(action.item, action.size) if put else None,
        update=action.update,
        delete=action.kind == "Delete",
        return_old=returns_old_on_failure(action.parameters),
    )


def _outcomes(call: Call, writes: list[ItemWrite], consumed: ConsumedByTable) -> list[Outcome]:
    """What each would do; raises TransactionCanceledException where one would not."""
    outcomes: list[Outcome] = []
    reasons: list[dict[str, Any]] = []
    for write in writes:
        try:
            if call.life and call.life.conflicts():
                raise transaction_conflict()
            outcomes.append(outcome_of(call, write, consumed.of(write.table)))
            reasons.append(NONE)
        except DynamoDBError as error:
            reasons.append(reason(error))
    cancel_if_any(reasons)
    return outcomes


def _answer(call: Call, outcomes: list[Outcome], consumed: ConsumedByTable) -> Answer:
    answer: dict[str, Any] = {}
    form = call.parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        answer["ConsumedCapacity"] = consumed.told(form, apart=True)
    metrics: dict[str, list[Any]] = {}
    for outcome in outcomes:
        if outcome.write.changes and (one := collection_metrics(call, outcome)):
            found = metrics.setdefault(outcome.write.table.name, [])
            if one not in found:
                found.append(one)
    if metrics:
        answer["ItemCollectionMetrics"] = metrics
    return answer


def _replayed(call: Call, writes: list[ItemWrite]) -> Answer:
    """The answer to a transaction that was done before: nothing is written, its items are read."""
    consumed = ConsumedByTable(call.bill, READ)
    for write in writes:
        row = call.store.get(write.table, write.key)
        consumed.of(write.table).add(read_units(row.size if row else 0, consistent=True, transactional=True))
    form = call.parameters.get("ReturnConsumedCapacity")
    return {"ConsumedCapacity": consumed.told(form, apart=True)} if wanted(form) else {}
