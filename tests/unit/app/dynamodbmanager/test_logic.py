"""What the DynamoDBManager answers, down to what it would send to DynamoDB."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from dynamodbmanager.command import OPERATIONS, TABLE_METHODS
from dynamodbmanager.environment import Environment
from dynamodbmanager.logic import Manager
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proxy_integration.environment import InvalidEnvironment
from proxy_integration.errors import InvalidRequest

if TYPE_CHECKING:
    from tests.unit.app.dynamodbmanager.conftest import FakeWire

TABLE = "lambda-apigateway"
KEY = {"Key": {"id": "1"}}
PARAMETERS = [
    "AttributeUpdates",
    "ConditionExpression",
    "ExclusiveStartKey",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "FilterExpression",
    "Item",
    "Key",
    "Limit",
    "ScanFilter",
    "self",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
)


def refused(manager: Manager, **document: Any) -> dict[str, str]:
    """The fields that a request is refused for."""
    with pytest.raises(InvalidRequest) as caught:
        manager.run(document)
    return {error.field: error.message for error in caught.value.errors}


def reason(manager: Manager, operation: str, payload: Any) -> str:
    """Why a payload is refused that has the right form."""
    with pytest.raises(InvalidRequest) as caught:
        manager.run({"operation": operation, "tableName": TABLE, "payload": payload})
    assert not caught.value.errors
    return caught.value.message


def test_ping_is_pong(manager: Manager) -> None:
    assert manager.run({"operation": "ping"}) == "pong"


@pytest.mark.parametrize("payload", [{"somekey1": "somevalue1"}, [1, None], "text", None])
def test_echo_gives_the_payload_back(manager: Manager, wire: FakeWire, payload: object) -> None:
    assert manager.run({"operation": "echo", "payload": payload}) == payload
    assert wire.sent == []


def test_echo_of_nothing_is_null(manager: Manager) -> None:
    assert manager.run({"operation": "echo"}) is None


@pytest.mark.parametrize(
    ("operation", "payload", "sent"),
    [
        (
            "create",
            {"Item": {"id": "1234ABCD", "number": 5, "price": Decimal("1.25"), "tags": ["a", None], "on": True}},
            (
                "PutItem",
                {
                    "Item": {
                        "id": {"S": "1234ABCD"},
                        "number": {"N": "5"},
                        "price": {"N": "1.25"},
                        "tags": {"L": [{"S": "a"}, {"NULL": True}]},
                        "on": {"BOOL": True},
                    }
                },
            ),
        ),
        ("read", {**KEY, "ConsistentRead": True}, ("GetItem", {"Key": {"id": {"S": "1"}}, "ConsistentRead": True})),
        (
            "update",
            {
                **KEY,
                "UpdateExpression": "SET #n = :n",
                "ExpressionAttributeNames": {"#n": "n"},
                "ExpressionAttributeValues": {":n": 6},
            },
            (
                "UpdateItem",
                {
                    "Key": {"id": {"S": "1"}},
                    "UpdateExpression": "SET #n = :n",
                    "ExpressionAttributeNames": {"#n": "n"},
                    "ExpressionAttributeValues": {":n": {"N": "6"}},
                },
            ),
        ),
        ("delete", KEY, ("DeleteItem", {"Key": {"id": {"S": "1"}}})),
        ("list", {"Limit": 2}, ("Scan", {"Limit": 2})),
        ("list", {}, ("Scan", {})),
    ],
)
def test_a_payload_is_the_operations_arguments(
    manager: Manager, wire: FakeWire, operation: str, payload: dict[str, Any], sent: tuple[str, dict[str, Any]]
) -> None:
    manager.run({"operation": operation, "tableName": TABLE, "payload": payload})

    name, arguments = sent
    assert wire.sent == [(name, {"TableName": TABLE, **arguments})]


def test_a_result_is_boto3s_without_its_metadata(manager: Manager, wire: FakeWire) -> None:
    wire.answer = {"Item": {"id": {"S": "1"}, "n": {"N": "5"}}, "ConsumedCapacity": {"TableName": TABLE}}

    result = manager.run({"operation": "read", "tableName": TABLE, "payload": KEY})

    assert result == {"Item": {"id": "1", "n": Decimal("5")}, "ConsumedCapacity": {"TableName": TABLE}}


def test_list_needs_no_payload(manager: Manager, wire: FakeWire) -> None:
    wire.answer = {"Items": [], "Count": 0, "ScannedCount": 0}

    assert manager.run({"operation": "list", "tableName": TABLE}) == wire.answer


@pytest.mark.parametrize("operation", [None, "", "Create", "drop", 5, True, [], {}, ["ping"]])
def test_an_operation_that_is_none(manager: Manager, operation: object) -> None:
    message = refused(manager, operation=operation, tableName=TABLE, payload={})["operation"]

    assert all(name in message for name in OPERATIONS)


@pytest.mark.parametrize("operation", TABLE_METHODS)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "is required"),
        (5, "must be a string"),
        (["lambda-apigateway"], "must be a string"),
        ("", "table '' is not allowed"),
        ("Users", "table 'Users' is not allowed"),
        (TABLE.upper(), f"table '{TABLE.upper()}' is not allowed"),
        (f"{TABLE} ", f"table '{TABLE} ' is not allowed"),
        (
            f"arn:aws:dynamodb:eu-central-1:123456789012:table/{TABLE}",
            f"table 'arn:aws:dynamodb:eu-central-1:123456789012:table/{TABLE}' is not allowed",
        ),
    ],
)
def test_a_table_that_is_not_allowed(
    manager: Manager, wire: FakeWire, operation: str, table: object, message: str
) -> None:
    assert refused(manager, operation=operation, tableName=table, payload={}) == {"tableName": message}
    assert wire.sent == []


@pytest.mark.parametrize("operation", TABLE_METHODS)
def test_a_payload_cannot_name_another_table(manager: Manager, wire: FakeWire, operation: str) -> None:
    errors = refused(manager, operation=operation, tableName=TABLE, payload={"TableName": "Users"})

    assert errors == {"payload": "must not have a TableName; tableName names the table"}
    assert wire.sent == []


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete"])
def test_all_that_is_missing_is_said_at_once(manager: Manager, operation: str) -> None:
    assert refused(manager, operation=operation) == {"tableName": "is required", "payload": "is required"}


@pytest.mark.parametrize("payload", [[], "text", 5, True])
def test_a_payload_is_an_object(manager: Manager, payload: object) -> None:
    assert refused(manager, operation="list", tableName=TABLE, payload=payload) == {"payload": "must be an object"}


@pytest.mark.parametrize(
    ("operation", "payload", "said"),
    [
        ("create", {}, 'Payload not valid for put_item: Missing required parameter in input: "Item"'),
        ("read", {"Key": "1"}, "Payload not valid for get_item: Key must be an object"),
        (
            "create",
            {"Item": {"id": "1"}, "ExpressionAttributeValues": None},
            "ExpressionAttributeValues must be an object",
        ),
        ("read", {**KEY, "Consistent": 1}, "GetItem has no parameter 'Consistent'"),
        ("list", {"Limit": "2"}, "Invalid type for parameter Limit"),
        ("read", {**KEY, "self": 1}, "GetItem has no parameter 'self'"),
        ("create", {"Item": {"id": "1", "n": 10**38 + 1}}, "more than DynamoDB's 38 digits"),
        ("create", {"Item": {"id": "1", "n": Decimal("1e127")}}, "out of its range"),
        ("create", {"Item": {"id": "1", "n": Decimal("0." + "1" * 39)}}, "more than DynamoDB's 38 digits"),
    ],
)
def test_a_payload_that_boto3_refuses(
    manager: Manager, wire: FakeWire, operation: str, payload: dict[str, Any], said: str
) -> None:
    message = reason(manager, operation, payload)

    assert said in message
    assert "\n" not in message
    assert wire.sent == []


@pytest.mark.parametrize("code", ["ValidationException", "ConditionalCheckFailedException", "SerializationException"])
def test_a_payload_that_dynamodb_refuses(manager: Manager, wire: FakeWire, code: str) -> None:
    wire.fail(code, "The reason")

    assert reason(manager, "read", KEY) == f"{code}: The reason"


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_another_error_of_dynamodb_is_not_the_callers(manager: Manager, wire: FakeWire, code: str) -> None:
    wire.fail(code, "The reason")

    with pytest.raises(ClientError, match=code):
        manager.run({"operation": "read", "tableName": TABLE, "payload": KEY})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operation=st.sampled_from(sorted(TABLE_METHODS)),
    payload=st.dictionaries(
        st.sampled_from(PARAMETERS) | st.text(),
        JSON,
        max_size=3,
    ),
)
def test_any_payload_is_sent_or_refused(manager: Manager, operation: str, payload: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        assert manager.run({"operation": operation, "tableName": TABLE, "payload": payload}) == {}


def test_the_environment_lists_tables() -> None:
    environment = Environment.read({"ALLOWED_TABLES": " a, b,,", "CORS_ALLOW_ORIGIN": "*"})

    assert environment.allowed_tables == {"a", "b"}


@pytest.mark.parametrize("tables", ["", " ", ","])
def test_an_environment_without_a_table_is_refused(tables: str) -> None:
    with pytest.raises(InvalidEnvironment, match="ALLOWED_TABLES"):
        Environment.read({"ALLOWED_TABLES": tables, "CORS_ALLOW_ORIGIN": "*"})
