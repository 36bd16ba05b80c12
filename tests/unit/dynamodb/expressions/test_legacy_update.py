from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.legacy_update import attribute_updates
from windtunnel.dynamodb.values import Item

ITEM: Item = {"n": {"N": "5"}, "ss": {"SS": ["a", "b"]}, "l": {"L": [{"S": "x"}]}}
INVALID = "One or more parameter values were invalid: "


# DynamoDB Local's answers, ReturnValues ALL_NEW.
@pytest.mark.parametrize(
    ("updates", "changed"),
    [
        ({}, {}),
        ({"x": {"Value": {"N": "1.0"}}}, {"x": {"N": "1"}}),
        ({"n": {"Action": "PUT", "Value": {"S": "a"}}}, {"n": {"S": "a"}}),
        ({"n": {"Action": "ADD", "Value": {"N": "5"}}}, {"n": {"N": "10"}}),
        ({"x": {"Action": "ADD", "Value": {"N": "5"}}}, {"x": {"N": "5"}}),
        ({"ss": {"Action": "ADD", "Value": {"SS": ["c"]}}}, {"ss": {"SS": ["a", "b", "c"]}}),
        ({"l": {"Action": "ADD", "Value": {"L": [{"S": "y"}]}}}, {"l": {"L": [{"S": "x"}, {"S": "y"}]}}),
        ({"ss": {"Action": "DELETE", "Value": {"SS": ["a"]}}}, {"ss": {"SS": ["b"]}}),
        ({"x": {"Action": "DELETE", "Value": {"SS": ["a"]}}}, {}),
        ({"n": {"Action": "DELETE"}, "x": {"Action": "DELETE"}}, {"n": None}),
    ],
)
def test_updates_change(updates: dict[str, Any], changed: dict[str, Any]) -> None:
    after = attribute_updates(updates).apply(ITEM).item

    assert {name: after.get(name) for name in {**ITEM, **after} if ITEM.get(name) != after.get(name)} == changed


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD", "Value": {"S": "x"}}, "ADD action is not supported for the type STRING"),
        ({"Action": "ADD", "Value": {"M": {}}}, "ADD action is not supported for the type MAP"),
        ({"Action": "DELETE", "Value": {"N": "1"}}, "DELETE action with value is not supported for the type NUMBER"),
    ],
)
def test_wrong_updates_are_refused(update: dict[str, Any], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        attribute_updates({"a": update})

    assert caught.value.message == INVALID + message


def test_types_that_do_not_go_together_are_refused() -> None:
    # dynalite's test/updateItem.js, recorded from AWS
    for update in ({"Action": "ADD", "Value": {"NS": ["1"]}}, {"Action": "DELETE", "Value": {"NS": ["1"]}}):
        with pytest.raises(DynamoDBError, match=r"^Type mismatch for attribute to update$"):
            attribute_updates({"n": update}).apply(ITEM)


def test_other_mistakes_keep_their_words() -> None:
    huge = {"n": {"Action": "ADD", "Value": {"N": "9e125"}}}

    with pytest.raises(DynamoDBError, match="38 significant digits"):
        attribute_updates(huge).apply(ITEM)


def test_the_key_is_not_updated() -> None:
    with pytest.raises(DynamoDBError) as caught:
        attribute_updates({"n": {"Action": "DELETE"}}).check_keys(("n",))

    assert caught.value.message == INVALID + "Cannot update attribute n. This attribute is part of the key"
