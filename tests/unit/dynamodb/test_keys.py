from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.dynamodb import keys
from windtunnel.dynamodb.errors import DynamoDBError

TYPES = (("k", "S"), ("r", "N"))
EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {} "
    "value. Key: {}"
)
INVALID = "One or more parameter values were invalid: "
LONG_HASH = INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
LONG_RANGE = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_strings_are_in_the_order_of_their_utf_8(left: str, right: str) -> None:
    one, two = keys.key_bytes({"S": left}), keys.key_bytes({"S": right})

    assert (one < two) == (left.encode() < right.encode())


@given(st.binary(), st.binary())
def test_binary_is_in_the_order_of_its_unsigned_bytes(left: bytes, right: bytes) -> None:
    one, two = [keys.key_bytes({"B": base64.b64encode(data).decode()}) for data in (left, right)]

    assert (one < two) == (left < right)


def test_numbers_are_in_their_order() -> None:
    texts = ["-1000", "-10", "-9.5", "-9", "-0.5", "0", "0.001", "0.5", "9", "10", "1000.5"]

    assert sorted(texts, key=lambda text: keys.key_bytes({"N": text})) == texts


def test_a_partition_token_is_stable_and_has_32_bits() -> None:
    assert keys.partition_token(b"a") == 3391310933
    assert keys.partition_token(b"a") != keys.partition_token(b"b")
    assert all(0 <= keys.partition_token(bytes([byte])) < 2**32 for byte in range(256))


def error(check: Any, *arguments: Any) -> str:
    with pytest.raises(DynamoDBError) as caught:
        check(*arguments)
    assert caught.value.code == "ValidationException"
    return caught.value.message


# dynalite's test/getItem.js (recorded from AWS)
@pytest.mark.parametrize(
    "key",
    [
        {},
        {"k": {"S": "a"}},
        {"k": {"S": "a"}, "x": {"N": "1"}},
        {"k": {"N": "1"}, "r": {"N": "1"}},
        {"k": {"S": "a"}, "r": {"N": "1"}, "x": {"S": "a"}},
    ],
)
def test_a_key_has_exactly_the_attributes_of_the_schema(key: dict[str, Any]) -> None:
    assert error(keys.check_key, key, TYPES) == "The provided key element does not match the schema"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"r": {"N": "1"}}, INVALID + "Missing the key k in the item"),
        ({"k": {"S": "a"}}, INVALID + "Missing the key r in the item"),
        ({"k": {"SS": ["a"]}, "r": {"N": "1"}}, INVALID + "Type mismatch for key k expected: S actual: SS"),
        ({"k": {"S": ""}, "r": {"N": "1"}}, EMPTY.format("string", "k")),
        ({"k": {"S": "é" * 1025}, "r": {"N": "1"}}, LONG_HASH),
    ],
)
def test_an_item_needs_its_key(item: dict[str, Any], message: str) -> None:
    assert error(keys.check_item_keys, item, TYPES) == message


def test_keys_as_long_as_they_may_be_pass() -> None:
    key = {"k": {"B": base64.b64encode(b"x" * 2048).decode()}, "r": {"S": "y" * 1024}}

    keys.check_key(key, (("k", "B"), ("r", "S")))
    keys.check_item_keys(key, (("k", "B"), ("r", "S")))

    long = key | {"r": {"S": "y" * 1025}}
    assert error(keys.check_key, long, (("k", "B"), ("r", "S"))) == LONG_RANGE
    empty = key | {"k": {"B": ""}}
    assert error(keys.check_key, empty, (("k", "B"), ("r", "S"))) == EMPTY.format("binary", "k")


def test_what_an_item_has_of_an_index_key_is_of_its_type_and_not_empty() -> None:
    types = (("g", "S"), ("h", "N"))

    keys.check_index_keys({}, types, "gix")
    keys.check_index_keys({"g": {"S": "a"}}, types, "gix")
    keys.check_index_keys({"g": {"S": "a"}, "h": {"N": "0"}}, types, "gix")

    mismatch = INVALID + "Type mismatch for Index Key h Expected: N Actual: S IndexName: gix"
    assert error(keys.check_index_keys, {"h": {"S": "1"}}, types, "gix") == mismatch
    # as DynamoDB Local answers
    assert error(keys.check_index_keys, {"g": {"S": ""}}, types, "gix") == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: gix, IndexKey: g"
    )
    assert error(keys.check_index_keys, {"g": {"S": "a" * 2049}}, types, "gix") == LONG_HASH
