from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.values import check_item, check_value, value_type

INVALID = "One or more parameter values were invalid: "
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
SEVERAL = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"


def nested(levels: int, kind: str) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]} if kind == "L" else {"M": {"a": value}}
    return value


# What DynamoDB Local answers GetItem with after PutItem of the first.
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"S": "é"}, {"S": "é"}),
        ({"S": ""}, {"S": ""}),
        ({"B": ""}, {"B": ""}),
        ({"B": "YQ=="}, {"B": "YQ=="}),
        ({"N": "1.0"}, {"N": "1"}),
        ({"NULL": True}, {"NULL": True}),
        ({"BOOL": False}, {"BOOL": False}),
        ({"S": None, "N": "1"}, {"N": "1"}),
        ({"S": "a", "Q": 1}, {"S": "a"}),
        ({"SS": ["b", "", "a"]}, {"SS": ["", "a", "b"]}),
        ({"NS": ["2", "1.0", "03", "-0.5"]}, {"NS": ["-0.5", "1", "2", "3"]}),
        ({"BS": ["Yg==", "YQ=="]}, {"BS": ["YQ==", "Yg=="]}),
        ({"L": [{"N": "1.50"}, {"M": {"a": {"N": "2.0"}}}]}, {"L": [{"N": "1.5"}, {"M": {"a": {"N": "2"}}}]}),
        ({"L": []}, {"L": []}),
        ({"M": {}}, {"M": {}}),
    ],
)
def test_a_value_is_normalised(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert check_value(sent) == kept
    assert check_item({"v": sent}) == {"v": kept}
    assert value_type(check_value(sent)) == next(iter(kept))


# dynalite's test/putItem.js (recorded from AWS), but for null values and empty names (DynamoDB Local).
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, EMPTY),
        ({"a": ""}, EMPTY),
        ({"S": None}, EMPTY),
        ({"L": [{}]}, EMPTY),
        (None, "The supplied Item contains a null AttributeValue"),
        ({"S": "a", "N": "1"}, SEVERAL),
        ({"S": "a", "N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"S": "a", "N": "b"}, "The parameter cannot be converted to a numeric value: b"),
        ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
        ({"NS": []}, INVALID + "An number set  may not be empty"),
        ({"BS": []}, INVALID + "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"NS": ["1", ""]}, "The parameter cannot be converted to a numeric value"),
        ({"BS": ["Yg==", "Yg=="]}, INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates."),
        ({"SS": ["a", None]}, INVALID + "An string set may not have a null string as a member"),
        ({"NS": [None]}, "The parameter cannot be converted to a numeric value"),
        ({"BS": [None]}, INVALID + "Binary sets may not contain null or empty values"),
        ({"M": {"": {"S": "a"}}}, "Empty attribute name"),
    ],
)
def test_a_wrong_value_is_refused(sent: Any, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        check_value(sent)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


# dynalite's test/helpers.js, assertType (recorded from AWS)
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([], "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
        ("x", "Unexpected value type in payload"),
        ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": True}, "TRUE_VALUE cannot be converted to String"),
        ({"B": "YQ"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 2"),
        ({"B": "YR=="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": 1}, "only base-64-encoded strings are convertible to bytes"),
        ({"BOOL": "true"}, "Unexpected token received from parser"),
        ({"NULL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"M": "a"}, "Unexpected field type"),
        ({"L": "a"}, "Unexpected field type"),
        ({"SS": "a"}, "Unexpected field type"),
        ({"NS": [1]}, "NUMBER_VALUE cannot be converted to String"),
        ({"BS": ["a"]}, "Base64 encoded length is expected a multiple of 4 bytes but found: 1"),
    ],
)
def test_json_of_another_shape_is_no_value(sent: Any, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        check_value(sent)

    assert (caught.value.code, caught.value.message) == ("SerializationException", message)


@pytest.mark.parametrize("kind", ["L", "M"])
def test_an_item_nests_32_levels_deep_and_no_deeper(kind: str) -> None:
    check_item({"v": nested(31, kind)})

    # the limit is in DynamoDB Developer Guide, "Constraints"; the words are DynamoDB Local's
    with pytest.raises(DynamoDBError, match="Nesting Levels have exceeded supported limits"):
        check_item({"v": nested(32, kind)})


def test_an_attribute_needs_a_name() -> None:
    with pytest.raises(DynamoDBError, match=r"^Empty attribute name$"):
        check_item({"": {"S": "a"}})


def test_a_value_without_a_type_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without a type"):
        value_type({})
