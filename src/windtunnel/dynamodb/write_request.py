"""What a writing request's parameters come to, and what its answer tells: the parts that PutItem, UpdateItem and
DeleteItem share, with the write actions of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.consumed import WRITE, item_collection_metrics, wanted
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions.condition import Condition, parse_condition
from windtunnel.dynamodb.expressions.legacy_conditions import expected
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.item_write import ItemWrite, Outcome, returned, write_item

EMPTY = b"{}"


def write_condition(parameters: Mapping[str, Any], placeholders: Placeholders) -> Condition | None:
    """ConditionExpression, or Expected."""
    text = parameters.get("ConditionExpression")
    if text is not None:
        return parse_condition(text, placeholders)
    conditions, operator = parameters.get("Expected"), parameters.get("ConditionalOperator")
    if conditions is not None or operator is not None:
        return expected(conditions or {}, operator)
    return None


def returns_old_on_failure(parameters: Mapping[str, Any]) -> bool:
    """Whether a failed condition's error is to carry the item."""
    return bool(parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD")


def check_return_values(parameters: Mapping[str, Any]) -> None:
    """PutItem and DeleteItem know the old item only."""
    if parameters.get("ReturnValues") not in (None, "NONE", "ALL_OLD"):
        raise validation("ReturnValues can only be ALL_OLD or NONE")


def write_and_answer(call: Call, write: ItemWrite) -> Answer:
    """Write one item, and tell what that did."""
    parameters = call.parameters
    consumed = call.bill.open(write.table, WRITE)
    outcome = write_item(call, write, consumed)
    answer: dict[str, Any] = {}
    attributes = returned(outcome, parameters.get("ReturnValues"))
    if attributes:
        answer["Attributes"] = attributes
    form = parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        answer["ConsumedCapacity"] = consumed.told(form)
    metrics = collection_metrics(call, outcome)
    if metrics:
        answer["ItemCollectionMetrics"] = metrics
    return answer or EMPTY


def collection_metrics(call: Call, outcome: Outcome) -> Mapping[str, Any] | None:
    """ItemCollectionMetrics, where they are asked for and the table has local indexes."""
    table = outcome.write.table
    if call.parameters.get("ReturnItemCollectionMetrics") != "SIZE" or not table.local_indexes:
        return None
    present = outcome.new or outcome.old
    item = present.item if present else outcome.write.key_item
    return item_collection_metrics(table, item, call.store.collection_size(table, outcome.write.key.partition))
