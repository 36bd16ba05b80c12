"""One item's write: what is asked, what it makes of the item that is there, and then the change itself.

PutItem, UpdateItem, DeleteItem, BatchWriteItem, TransactWriteItems and PartiQL all write through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.capacity import write_units
from windtunnel.dynamodb.consumed import Consumed
from windtunnel.dynamodb.errors import DynamoDBError, conditional_check_failed, transaction_conflict
from windtunnel.dynamodb.expressions.condition import Condition
from windtunnel.dynamodb.expressions.update import Applied, Update
from windtunnel.dynamodb.index_change import IndexChange, index_change, written_sizes
from windtunnel.dynamodb.item_key import key_of_item
from windtunnel.dynamodb.row import Key, Row
from windtunnel.dynamodb.sizes import check_item_size, item_size
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.values import Item, check_nesting


@dataclass(slots=True)
class ItemWrite:
    """A write that was checked, apart from the item that is there. One of `row` (put), `update`, `upsert`, `delete` is
    set; none of them for a condition check. Not to be changed, as Outcome: not frozen for the same reason as Call."""

    table: Table
    key: Key
    key_item: Item
    condition: Condition | None = None
    row: Row | None = None
    update: Update | None = None
    creates: bool = True
    """Whether the update makes an item where there is none."""
    upsert: Row | None = None
    """What to put where there is no item, and to leave alone where there is one: an update without changes."""
    delete: bool = False
    return_old: bool = False
    """Whether a failed condition's error carries the item (ReturnValuesOnConditionCheckFailure ALL_OLD)."""

    @property
    def changes(self) -> bool:
        """Whether it is a write, and no mere check."""
        return self.delete or not (self.row is None and self.update is None and self.upsert is None)


@dataclass(slots=True)
class Outcome:
    """What a write does, or did."""

    write: ItemWrite
    old: Row | None
    new: Row | None
    applied: Applied | None = None


def outcome_of(call: Call, write: ItemWrite, consumed: Consumed) -> Outcome:
    """What a write would do now; nothing is written. Raises ConditionalCheckFailedException, and
    ValidationException where an update does not go with the item."""
    old = call.store.get(write.table, write.key)
    if write.condition is not None and not write.condition.matches(old.item if old else {}):
        # it consumes all the same, by the larger of the item that is there and the one that was to be (Developer
        # Guide, "DynamoDB read and write operations"); of a transaction that is cancelled, what preparing it takes
        consumed.add(write_units(max(_size(old), _intended_size(write, old))))
        call.bill.failed_conditions += (write.table,)
        raise conditional_check_failed(old.item if old and write.return_old else None)
    if write.update is not None:
        return _updated(write, write.update, old)
    if write.delete:
        return Outcome(write, old, None)
    return Outcome(write, old, write.row or old or write.upsert)


def _updated(write: ItemWrite, update: Update, old: Row | None) -> Outcome:
    applied = update.apply(old.item if old else write.key_item)
    if old is None and not write.creates:
        return Outcome(write, None, None, applied)
    check_item_size(applied.item, updating=True)
    for name in {steps[0] for steps in applied.changed}:
        if isinstance(name, str) and name in applied.item:
            check_nesting(applied.item[name])
    key_of_item(write.table, applied.item, updating=True)
    return Outcome(write, old, Row.of(applied.item), applied)


def carry_out(call: Call, outcome: Outcome, consumed: Consumed, *, transactional: bool = False) -> None:
    """Write it, inside a transaction of the store's. Raises ProvisionedThroughputExceededException where that is on."""
    write, old, new = outcome.write, outcome.old, outcome.new
    units = write_units(max(_size(old), _size(new)), transactional)
    if call.life:
        _take(call, outcome, units, transactional)
    consumed.add(units)
    if not write.changes:
        return
    if call.life:
        call.life.changed(write.table, write.key, old)
    if new is not None or old is not None:
        changes: list[IndexChange] | None = [] if write.table.indexes else None
        call.store.write(write.table, write.key, old, new, changes=changes)
        if changes:
            consumed.add_changes(changes, transactional=transactional)


def _take(call: Call, outcome: Outcome, units: float, transactional: bool) -> None:
    """Before it is written: raises ProvisionedThroughputExceededException."""
    write = outcome.write
    call.take_writes(write.table, None, write.key.partition, units)
    for index in write.table.indexes.values():
        change = index_change(write.table, index, write.key, outcome.old, outcome.new)
        if change is not None and (sizes := written_sizes(change)):
            call.take_writes(write.table, index, None, sum(write_units(size, transactional) for size in sizes))


def write_item(call: Call, write: ItemWrite, consumed: Consumed) -> Outcome:
    """Both, by itself."""
    if call.life and call.life.conflicts():
        raise transaction_conflict()
    with call.store.transaction():
        outcome = outcome_of(call, write, consumed)
        carry_out(call, outcome, consumed)
    return outcome


def _size(row: Row | None) -> int:
    return row.size if row else 0


def _intended_size(write: ItemWrite, old: Row | None) -> int:
    """Of the item that a write would have made; 0 where it would have made none."""
    if write.update is None:
        return _size(write.row or write.upsert)
    if old is None and not write.creates:
        return 0
    try:
        return item_size(write.update.apply(old.item if old else write.key_item).item)
    except DynamoDBError:  # it does not go with the item that is there
        return 0


def returned(outcome: Outcome, values: str | None) -> Mapping[str, Any] | None:
    """The Attributes of an answer, by ReturnValues."""
    old, new, applied = outcome.old, outcome.new, outcome.applied
    match values:
        case "ALL_OLD":
            return old.item if old else None
        case "ALL_NEW":
            return new.item if new else None
        case "UPDATED_OLD" if applied and old:
            return applied.updated_old(old.item)
        case "UPDATED_NEW" if applied and new:
            return applied.updated_new()
    return None
