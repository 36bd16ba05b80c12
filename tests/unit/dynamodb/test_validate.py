"""The messages are AWS's, recorded by dynalite's suite against it (test/createTable.js, test/helpers.js and siblings of
github.com/mhart/dynalite), and in the ack-api-quirks catalogue of October 2026 (DDB-TABLE-442)."""

from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.validate import check_request

TABLE = {
    "TableName": "abc",
    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
}


def refusal(operation: str, parameters: dict[str, Any]) -> DynamoDBError:
    with pytest.raises(DynamoDBError) as caught:
        check_request(operation, parameters)
    return caught.value


def complaint(value: str, place: str, constraint: str) -> str:
    return f"Value {value} at '{place}' failed to satisfy constraint: {constraint}"


NOT_NULL = "Member must not be null"


def test_accepts_what_is_right() -> None:
    check_request("CreateTable", TABLE)
    check_request("PutItem", {"TableName": "abc", "Item": {"a": {"S": "x"}}, "Unknown": [1], "ReturnValues": None})
    check_request("DescribeTable", {"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/abc"})
    check_request("ListTables", {})


def test_misses_a_table_name_in_the_control_planes_words() -> None:
    error = refusal("CreateTable", {})

    assert error.code == "ValidationException"
    assert error.message == "The parameter 'TableName' is required but was not present in the request"


def test_tells_all_that_is_wrong_in_order() -> None:
    error = refusal("CreateTable", {"TableName": "abc;"})

    assert error.message == "3 validation errors detected: " + "; ".join(
        [
            complaint("null", "attributeDefinitions", NOT_NULL),
            complaint("'abc;'", "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
            complaint("null", "keySchema", NOT_NULL),
        ]
    )


def test_tells_throughput_before_keys() -> None:
    units = {"ReadCapacityUnits": -1, "WriteCapacityUnits": -1}

    error = refusal("CreateTable", {**TABLE, "KeySchema": [], "ProvisionedThroughput": units})

    low = "Member must have value greater than or equal to 1"
    assert error.message == "3 validation errors detected: " + "; ".join(
        [
            complaint("'-1'", "provisionedThroughput.writeCapacityUnits", low),
            complaint("'-1'", "provisionedThroughput.readCapacityUnits", low),
            complaint("'[]'", "keySchema", "Member must have length greater than or equal to 1"),
        ]
    )


def test_names_elements_of_lists_from_one() -> None:
    keys = [{"KeyType": "HASH"}, {"AttributeName": "a"}, {"KeyType": "Woop", "AttributeName": "a"}]

    error = refusal("CreateTable", {**TABLE, "KeySchema": keys})

    parts = error.message.removeprefix("4 validation errors detected: ").split("; ")
    assert parts[0].endswith(
        "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"
    )
    assert parts[1:] == [
        complaint("null", "keySchema.1.member.attributeName", NOT_NULL),
        complaint("null", "keySchema.2.member.keyType", NOT_NULL),
        complaint("'Woop'", "keySchema.3.member.keyType", "Member must satisfy enum value set: [HASH, RANGE]"),
    ]


def test_tells_ten_at_most() -> None:
    error = refusal("CreateTable", {**TABLE, "LocalSecondaryIndexes": [{}, {}, {}, {}, {}]})

    assert error.message.startswith("10 validation errors detected: ")
    assert error.message.count("failed to satisfy constraint") == 10


def test_tells_pattern_before_length() -> None:
    index = {"IndexName": "h;", "KeySchema": [], "Projection": {}}

    error = refusal("CreateTable", {**TABLE, "LocalSecondaryIndexes": [index]})

    place = "localSecondaryIndexes.1.member"
    assert error.message == "3 validation errors detected: " + "; ".join(
        [
            complaint("'h;'", place + ".indexName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
            complaint("'h;'", place + ".indexName", "Member must have length greater than or equal to 3"),
            complaint("'[]'", place + ".keySchema", "Member must have length greater than or equal to 1"),
        ]
    )


def test_asks_for_a_tables_name_where_the_model_takes_an_arn() -> None:
    # recorded: UpdateTable with "ab"
    error = refusal("UpdateTable", {"TableName": "ab"})

    low = "Member must have length greater than or equal to 3"
    assert error.message == "1 validation error detected: " + complaint("'ab'", "tableName", low)


def test_lists_an_enumeration_as_the_service_does() -> None:
    parameters = {"TableName": "abc", "Item": {}, "ReturnConsumedCapacity": "hi", "ReturnValues": "hi"}

    error = refusal("PutItem", parameters)

    assert error.message == "2 validation errors detected: " + "; ".join(
        [
            complaint("'hi'", "returnConsumedCapacity", "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"),
            complaint(
                "'hi'",
                "returnValues",
                "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
            ),
        ]
    )


def test_judges_the_keys_of_a_map_together() -> None:
    # recorded by dynalite's test/batchGetItem.js
    error = refusal("BatchGetItem", {"RequestItems": {"abc;": {"Keys": [{"a": {"S": "x"}}]}}})

    assert error.message.startswith("1 validation error detected: Value '{abc;=KeysAndAttributes(")
    assert error.message.endswith(
        "at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 255, Member must have length greater than or equal to 3, "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
    )


def test_judges_the_lists_in_a_map_together() -> None:
    # recorded by dynalite's test/batchWriteItem.js: more than 25 requests for a table
    request = {"PutRequest": {"Item": {"a": {"S": "x"}}}}

    error = refusal("BatchWriteItem", {"RequestItems": {"abc": [request] * 26}})

    assert error.message.endswith(
        "at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
    )


CLASS = "com.amazonaws.dynamodb.v20120810."


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ({"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ({"TableName": 34.56}, "DECIMAL_VALUE cannot be converted to String"),
        ({"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ({"TableName": {}}, "Start of structure or map found where not expected"),
        ({"KeySchema": "23"}, "Unexpected field type"),
        ({"KeySchema": {}}, "Start of structure or map found where not expected"),
        ({"KeySchema": ["23"]}, "Unexpected value type in payload"),
        ({"KeySchema": [[]]}, f"Unrecognized collection type class {CLASS}KeySchemaElement"),
        ({"ProvisionedThroughput": "23"}, "Unexpected field type"),
        ({"ProvisionedThroughput": []}, f"Unrecognized collection type class {CLASS}ProvisionedThroughput"),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": "23"}}, "STRING_VALUE cannot be converted to Long"),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": False}}, "FALSE_VALUE cannot be converted to Long"),
        ({"DeletionProtectionEnabled": "23"}, "Unexpected token received from parser"),
        ({"DeletionProtectionEnabled": 23}, "NUMBER_VALUE cannot be converted to Boolean"),
    ],
)
def test_cannot_read_what_is_of_another_type(parameters: dict[str, Any], message: str) -> None:
    error = refusal("CreateTable", parameters)

    assert (error.code, error.message) == ("SerializationException", message)


def test_cannot_read_a_list_for_a_map() -> None:
    error = refusal("PutItem", {"TableName": "abc", "Item": []})

    assert error.message == f"Unrecognized collection type java.util.Map<java.lang.String, {CLASS}AttributeValue>"


def test_looks_at_types_before_anything_else() -> None:
    error = refusal("CreateTable", {"TableName": "a;", "KeySchema": "x"})

    assert error.code == "SerializationException"


def test_knows_no_other_operations() -> None:
    assert refusal("MakeCoffee", {}).code == "UnknownOperationException"


@pytest.mark.parametrize("parameters", [{}, {"RequestItems": {}}])
def test_misses_a_batchs_items_in_words_of_its_own(parameters: dict[str, Any]) -> None:
    # recorded: dynamodb-conformance, tests/tier3/error-messages/batchWriteItem.test.ts
    error = refusal("BatchWriteItem", parameters)

    assert error.message == "The requestItems parameter is required for BatchWriteItem"
