"""The users API, end to end: every endpoint, every rule, and what is in the table after it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.testing.clients import Api

pytestmark = pytest.mark.engine

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

type Create = Callable[..., dict[str, Any]]


def item(table: Any, user_id: str) -> dict[str, Any] | None:
    """What DynamoDB has, with its numbers as int."""
    found = table.get_item(Key={"userId": user_id}, ConsistentRead=True).get("Item")
    return found and {name: int(value) if isinstance(value, Decimal) else value for name, value in found.items()}


def fields(response: Any) -> dict[str, str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.text
    assert response.json()["message"] == "Validation failed"
    return {error["field"]: error["message"] for error in response.json()["errors"]}


def test_create_answers_201_with_what_is_then_in_the_table(create_user: Create, users_table: Any) -> None:
    user = create_user()

    assert user == {
        **ADA,
        "userId": user["userId"],
        "createdAt": user["createdAt"],
        "updatedAt": user["createdAt"],
        "version": 1,
    }
    assert str(uuid.UUID(user["userId"], version=4)) == user["userId"]
    assert TIME.fullmatch(user["createdAt"])
    # within what the clocks of two machines may differ
    assert abs(datetime.fromisoformat(user["createdAt"]) - datetime.now(UTC)) < timedelta(minutes=2)
    assert item(users_table, user["userId"]) == user


def test_create_needs_no_age(create_user: Create, users_table: Any) -> None:
    user = create_user(age=None)

    assert "age" not in user
    assert item(users_table, user["userId"]) == user


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"name": "x"}, {"name": "x"}),
        ({"name": "x" * 100}, {"name": "x" * 100}),
        ({"name": "  Zoë 🚀 "}, {"name": "Zoë 🚀"}),
        ({"age": 1}, {"age": 1}),
        ({"age": 150.0}, {"age": 150}),
        ({"userId": "mine", "createdAt": "1843"}, {}),
    ],
)
def test_create_at_the_rules_edges(
    create_user: Create, users_table: Any, sent: dict[str, Any], kept: dict[str, Any]
) -> None:
    user = create_user(**sent)

    assert user == {**user, **ADA, **kept}
    assert user["userId"] != "mine"
    assert item(users_table, user["userId"]) == user


WRONG = [
    ({"name": None}, {"name": "is required"}),
    ({"name": ""}, {"name": "must have 1 to 100 characters"}),
    ({"name": " "}, {"name": "must have 1 to 100 characters"}),
    ({"name": "x" * 101}, {"name": "must have 1 to 100 characters"}),
    ({"name": 5}, {"name": "must be a string"}),
    ({"email": None}, {"email": "is required"}),
    ({"email": "ada"}, {"email": "must be a valid email address"}),
    ({"email": ["ada@example.com"]}, {"email": "must be a string"}),
    ({"age": 0}, {"age": "must be an integer from 1 to 150"}),
    ({"age": 151}, {"age": "must be an integer from 1 to 150"}),
    ({"age": 30.5}, {"age": "must be an integer from 1 to 150"}),
    ({"age": True}, {"age": "must be an integer from 1 to 150"}),
    ({"age": "30"}, {"age": "must be an integer from 1 to 150"}),
    ({"nickname": "x"}, {"nickname": "is not a field of a user"}),
    (
        {"name": "", "email": "", "age": -1, "nickname": ""},
        {
            "name": "must have 1 to 100 characters",
            "email": "must be a valid email address",
            "age": "must be an integer from 1 to 150",
            "nickname": "is not a field of a user",
        },
    ),
]


@pytest.mark.parametrize(("wrong", "errors"), WRONG)
def test_create_refuses_with_every_field_that_is_wrong(api: Api, wrong: dict[str, Any], errors: dict[str, str]) -> None:
    assert fields(api.post("/users", json={**ADA, **wrong})) == errors


@pytest.mark.parametrize(("wrong", "errors"), WRONG)
def test_update_refuses_the_same_and_changes_nothing(
    api: Api, create_user: Create, users_table: Any, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    user = create_user()

    assert fields(api.put(f"/users/{user['userId']}", json={**ADA, **wrong})) == errors
    assert item(users_table, user["userId"]) == user


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is empty"),
        ("{", "is not valid JSON"),
        ('{"name": "Ada",}', "is not valid JSON"),
        ('{"age": NaN}', "is not valid JSON"),
        ("name=Ada", "is not valid JSON"),
        ("[]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('"Ada"', "must be a JSON object"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/users"), ("PUT", f"/users/{uuid.UUID(int=0)}")])
def test_a_body_that_is_no_json_object_is_a_400(api: Api, method: str, path: str, body: str, message: str) -> None:
    response = api.request(method, path, data=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 400
    assert message in response.json()["message"]


def test_get_answers_what_the_table_has(api: Api, create_user: Create, users_table: Any) -> None:
    user = create_user()
    users_table.update_item(
        Key={"userId": user["userId"]}, UpdateExpression="SET age = :age", ExpressionAttributeValues={":age": 37}
    )

    response = api.get(f"/users/{user['userId']}")

    assert (response.status_code, response.json()) == (200, {**user, "age": 37})
    assert api.get(f"/users/{user['userId'].upper()}").json() == response.json()


def test_update_replaces_the_profile(api: Api, create_user: Create, users_table: Any) -> None:
    user = create_user()

    response = api.put(f"/users/{user['userId']}", json={"name": "Ada King", "email": "king@example.org"})

    updated = response.json()
    assert response.status_code == 200
    assert updated == {
        "userId": user["userId"],
        "name": "Ada King",
        "email": "king@example.org",
        "createdAt": user["createdAt"],
        "updatedAt": updated["updatedAt"],
        "version": 2,
    }
    assert TIME.fullmatch(updated["updatedAt"])
    assert updated["updatedAt"] > user["updatedAt"]
    assert item(users_table, user["userId"]) == updated


def test_a_document_read_can_be_changed_and_sent_back(api: Api, create_user: Create) -> None:
    user = create_user()

    response = api.put(f"/users/{user['userId']}", json={**user, "age": 40})

    assert response.status_code == 200
    changed = {"age": 40, "updatedAt": response.json()["updatedAt"], "version": 2}
    assert api.get(f"/users/{user['userId']}").json() == {**user, **changed}


def test_delete_answers_the_user_and_it_is_gone(api: Api, create_user: Create, users_table: Any) -> None:
    user = create_user()
    path = f"/users/{user['userId']}"

    response = api.delete(path)

    assert (response.status_code, response.json()) == (200, user)
    assert item(users_table, user["userId"]) is None
    assert api.delete(path).status_code == 404


@pytest.mark.parametrize("user_id", [str(uuid.UUID(int=0)), "5", "x" * 300, "%2E%2E"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_who_is_not_there_is_a_404(api: Api, users_table: Any, method: str, user_id: str) -> None:
    response = api.request(method, f"/users/{user_id}", json=ADA if method == "PUT" else None)

    assert response.status_code == 404
    assert re.fullmatch("User .+ not found", response.json()["message"])
    assert item(users_table, user_id) is None


def test_pages_hold_every_user_once(api: Api, create_user: Create) -> None:
    created = {user["userId"]: user for user in (create_user(name=f"Ada {number}") for number in range(5))}

    # small pages first, then large ones, so that a table with many other users does not take long
    seen: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    for limit in [2, 2, 1, *[100] * 1000]:
        response = api.get("/users", params={**query, "limit": str(limit)})
        assert response.status_code == 200
        page = response.json()
        assert len(page["users"]) <= limit
        seen += page["users"]
        if "nextToken" not in page:
            break
        query = {"nextToken": page["nextToken"]}

    ids = [user["userId"] for user in seen]
    assert len(ids) == len(set(ids))
    assert {user["userId"]: user for user in seen if user["userId"] in created} == created


def test_a_page_is_as_long_as_asked_and_leads_on(api: Api, create_user: Create) -> None:
    for _ in range(2):
        create_user()

    page = api.get("/users", params={"limit": "1"}).json()

    assert len(page["users"]) == 1
    assert re.fullmatch("[A-Za-z0-9_-]+", page["nextToken"])


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"limit": "-1"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"limit": "1.5"}, ["limit"]),
        ({"limit": ""}, ["limit"]),
        ({"nextToken": "tampered"}, ["nextToken"]),
        ({"nextToken": "eyJ1c2VySWQiOiAiNSJ9"}, ["nextToken"]),
        ({"nextToken": ""}, ["nextToken"]),
        ({"limit": "0", "nextToken": "!"}, ["limit", "nextToken"]),
    ],
)
def test_a_page_that_cannot_be_is_a_400(api: Api, query: dict[str, str], wrong: list[str]) -> None:
    assert list(fields(api.get("/users", params=query))) == wrong


def test_a_changed_token_is_a_400(api: Api, create_user: Create) -> None:
    for _ in range(2):
        create_user()
    token = api.get("/users", params={"limit": "1"}).json()["nextToken"]

    assert list(fields(api.get("/users", params={"nextToken": token[:-1]}))) == ["nextToken"]


def test_of_concurrent_deletes_one_wins(api: Api, create_user: Create) -> None:
    path = f"/users/{create_user()['userId']}"

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(response.status_code for response in pool.map(api.delete, [path] * 4))

    assert statuses == [200, 404, 404, 404]


def test_concurrent_updates_all_succeed_and_leave_one_of_them(api: Api, create_user: Create, users_table: Any) -> None:
    user = create_user()
    profiles = [{"name": f"Ada {number}", "email": f"ada{number}@example.com", "age": number} for number in range(1, 5)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda profile: api.put(f"/users/{user['userId']}", json=profile), profiles))

    assert [answer.status_code for answer in answers] == [200] * 4
    # never a mixture of two
    assert item(users_table, user["userId"]) in [answer.json() for answer in answers]


def test_an_update_never_brings_back_who_is_deleted(api: Api, create_user: Create, users_table: Any) -> None:
    user = create_user()
    path = f"/users/{user['userId']}"

    with ThreadPoolExecutor(4) as pool:
        updates = [pool.submit(api.put, path, json=ADA) for _ in range(3)]
        deleted = pool.submit(api.delete, path).result()

    assert deleted.status_code == 200
    assert {update.result().status_code for update in updates} <= {200, 404}
    assert item(users_table, user["userId"]) is None


def test_what_nobody_expected_is_a_plain_500(api: Api, users_table: Any) -> None:
    user_id = str(uuid.uuid4())
    users_table.put_item(Item={"userId": user_id})

    try:
        response = api.get(f"/users/{user_id}")
    finally:
        users_table.delete_item(Key={"userId": user_id})

    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
