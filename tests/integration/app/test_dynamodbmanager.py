"""DynamoDBManager, end to end: every operation, and every way to ask wrongly."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api

pytestmark = pytest.mark.engine

TABLE_OPERATIONS = ["create", "read", "update", "delete", "list"]

type Ask = Callable[..., Any]


@pytest.fixture
def ask(api: Api, stack: Stack) -> Ask:
    """Sends an operation on the stack's table."""

    def send(operation: object, payload: object, **more: object) -> Any:
        document = {"tableName": stack.outputs["ManagerTableName"], "payload": payload, **more}
        return api.post("/dynamodbmanager", json={"operation": operation, **document})

    return send


@pytest.fixture
def item_id(manager_table: Any) -> Iterator[str]:
    """The id of an item of this test's own."""
    made = str(uuid.uuid4())
    yield made
    manager_table.delete_item(Key={"id": made})


def stored(table: Any, item_id: str) -> Any:
    return table.get_item(Key={"id": item_id}, ConsistentRead=True).get("Item")


def refusal(response: Any) -> str:
    """What a 400 says, fields and all."""
    assert response.status_code == 400, response.text
    body = response.json()
    return " ".join([body["message"], *(f"{error['field']} {error['message']}" for error in body.get("errors", []))])


def test_create_puts_the_item(ask: Ask, manager_table: Any, item_id: str) -> None:
    item = {"id": item_id, "number": 5, "price": 1.25, "on": True, "nothing": None, "tags": ["a", {"b": 1}]}

    response = ask("create", {"Item": item})

    assert (response.status_code, response.json()) == (200, {})
    assert stored(manager_table, item_id) == {**item, "price": Decimal("1.25")}


def test_create_gives_back_what_is_asked_for(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id, "number": 5})

    response = ask("create", {"Item": {"id": item_id}, "ReturnValues": "ALL_OLD"})

    assert response.json() == {"Attributes": {"id": item_id, "number": 5}}


def test_read_gets_the_item_with_its_numbers(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id, "number": 5, "price": Decimal("1.25"), "sizes": {1, 2}})

    response = ask("read", {"Key": {"id": item_id}, "ConsistentRead": True})

    assert response.status_code == 200
    assert response.json() == {"Item": {"id": item_id, "number": 5, "price": 1.25, "sizes": [1, 2]}}
    assert '"number": 5,' in response.text


def test_read_of_what_is_not_there_is_empty(ask: Ask, item_id: str) -> None:
    response = ask("read", {"Key": {"id": item_id}})

    assert (response.status_code, response.json()) == (200, {})


def test_update_changes_the_item(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id, "number": 5})

    response = ask(
        "update",
        {
            "Key": {"id": item_id},
            "UpdateExpression": "SET #n = #n + :one",
            "ExpressionAttributeNames": {"#n": "number"},
            "ExpressionAttributeValues": {":one": 1},
            "ReturnValues": "UPDATED_NEW",
        },
    )

    assert (response.status_code, response.json()["Attributes"]) == (200, {"number": 6})
    assert stored(manager_table, item_id)["number"] == 6


def test_delete_removes_the_item(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id})

    response = ask("delete", {"Key": {"id": item_id}, "ReturnValues": "ALL_OLD"})

    assert (response.status_code, response.json()) == (200, {"Attributes": {"id": item_id}})
    assert stored(manager_table, item_id) is None


def test_list_finds_the_item(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id, "number": 5})

    response = ask(
        "list",
        {
            "ConsistentRead": True,
            "FilterExpression": "id = :id",
            "ExpressionAttributeValues": {":id": item_id},
        },
    )

    body = response.json()
    assert response.status_code == 200
    assert body["Items"] == [{"id": item_id, "number": 5}]
    assert (body["Count"], body["ScannedCount"] >= 1) == (1, True)
    assert "ResponseMetadata" not in body


def test_list_needs_no_payload(api: Api, stack: Stack) -> None:
    response = api.post("/dynamodbmanager", json={"operation": "list", "tableName": stack.outputs["ManagerTableName"]})

    assert response.status_code == 200
    assert response.json()["Count"] == len(response.json()["Items"])


@pytest.mark.parametrize("payload", [{"somekey1": "somevalue1", "somekey2": "somevalue2"}, [1, 2.5, None], "text"])
def test_echo_answers_the_payload(api: Api, payload: object) -> None:
    response = api.post("/dynamodbmanager", json={"operation": "echo", "payload": payload})

    assert (response.status_code, response.json()) == (200, payload)


def test_ping_answers_pong(api: Api) -> None:
    response = api.post("/dynamodbmanager", json={"operation": "ping"})

    assert (response.status_code, response.json()) == (200, "pong")


@pytest.mark.parametrize("operation", TABLE_OPERATIONS)
def test_a_table_that_is_not_allowed_is_a_400(ask: Ask, stack: Stack, users_table: Any, operation: str) -> None:
    users = stack.outputs["UsersTableName"]

    assert f"tableName table '{users}' is not allowed" in refusal(ask(operation, {}, tableName=users))
    assert "tableName table 'nowhere' is not allowed" in refusal(ask(operation, {}, tableName="nowhere"))


def test_a_payload_cannot_reach_another_table(ask: Ask, stack: Stack, users_table: Any) -> None:
    user_id = str(uuid.uuid4())
    payload = {"TableName": stack.outputs["UsersTableName"], "Item": {"userId": user_id}}

    assert "must not have a TableName" in refusal(ask("create", payload))
    assert "Item" not in users_table.get_item(Key={"userId": user_id})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "operation is required"),
        ({"operation": None}, "operation is required"),
        ({"operation": "drop"}, "operation must be one of create, read, update, delete, list, echo, ping"),
        ({"operation": 5}, "operation must be one of"),
        ({"operation": "create"}, "tableName is required payload is required"),
        ({"operation": "read", "payload": {}}, "tableName is required"),
        ({"operation": "list", "tableName": 5}, "tableName must be a string"),
        ({"operation": "list", "payload": []}, "payload must be an object"),
    ],
)
def test_a_request_that_lacks_something_is_a_400(api: Api, document: dict[str, Any], said: str) -> None:
    assert said in refusal(api.post("/dynamodbmanager", json=document))


@pytest.mark.parametrize(
    ("operation", "payload", "said"),
    [
        ("create", {}, "Item"),
        ("create", {"Item": {"number": 5}}, "ValidationException"),
        ("create", {"Item": {"id": 5}}, "ValidationException"),
        ("create", {"Item": {"id": ""}}, "ValidationException"),
        ("create", {"Item": {"id": "1", "n": 10**40}}, "38 digits"),
        ("read", {"Key": {"other": "1"}}, "ValidationException"),
        ("read", {"Key": "1"}, "Key must be an object"),
        ("update", {"Key": {"id": "1"}, "UpdateExpression": "SET"}, "ValidationException"),
        ("delete", {"Key": {"id": "1"}, "Colour": "red"}, "no parameter 'Colour'"),
        ("list", {"Limit": 0}, "Limit"),
        ("list", {"Limit": "two"}, "Limit"),
    ],
)
def test_a_payload_that_dynamodb_refuses_is_a_400(ask: Ask, operation: str, payload: object, said: str) -> None:
    assert said in refusal(ask(operation, payload))


def test_a_condition_that_fails_is_a_400(ask: Ask, manager_table: Any, item_id: str) -> None:
    manager_table.put_item(Item={"id": item_id, "number": 5})

    response = ask("create", {"Item": {"id": item_id}, "ConditionExpression": "attribute_not_exists(id)"})

    assert refusal(response) == "ConditionalCheckFailedException: The conditional request failed"
    assert stored(manager_table, item_id) == {"id": item_id, "number": 5}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "is empty"),
        ("{", "is not valid JSON"),
        ('{"operation": ping}', "is not valid JSON"),
        ('{"operation": "echo", "payload": 1e999}', "out of range"),
        ("[]", "must be a JSON object"),
        ('"ping"', "must be a JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(api: Api, body: str, said: str) -> None:
    response = api.post("/dynamodbmanager", data=body, headers={"Content-Type": "application/json"})

    assert said in refusal(response)
