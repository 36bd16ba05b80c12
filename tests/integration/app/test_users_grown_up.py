"""Users under concurrency and for administrators: idempotent create, search by email, If-Match, the second key."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}

type Create = Callable[..., dict[str, Any]]
type Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture
def email() -> str:
    """Nobody else's."""
    return f"{uuid.uuid4()}@example.com"


@pytest.fixture
def admin(stack: Stack, aws: Aws) -> Iterator[Api]:
    from windtunnel.testing.clients import Api

    key = aws.client("apigateway").get_api_key(apiKey=stack.outputs["AdminKeyId"], includeValue=True)["value"]
    client = Api(stack.api_url, key)
    with client.session:
        yield client


def by_email(api: Api, email: str) -> list[str]:
    return [user["userId"] for user in api.get("/users", params={"email": email}).json()["users"]]


def test_the_same_idempotency_key_gives_the_same_answer(api: Api, email: str, users_table: Any) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first, again = (api.post("/users", json={**ADA, "email": email}, headers=key) for _ in range(2))
    users_table.delete_item(Key={"userId": first.json()["userId"]})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["ETag"] == again.headers["ETag"] == '"1"'


def test_an_idempotency_key_is_for_one_request(api: Api, email: str, users_table: Any) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    user = api.post("/users", json={**ADA, "email": email}, headers=key).json()

    other = api.post("/users", json={**ADA, "email": email, "age": 37}, headers=key)
    users_table.delete_item(Key={"userId": user["userId"]})

    assert other.status_code == 422
    assert other.json() == {"message": "This Idempotency-Key was used for another request"}


def test_a_request_that_was_refused_does_not_use_up_its_key(api: Api, email: str, create_user: Create) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    refused = api.post("/users", json={**ADA, "email": "nobody"}, headers=key)
    created = api.post("/users", json={**ADA, "email": email}, headers=key)

    assert (refused.status_code, created.status_code) == (400, 201)


def test_of_fifty_at_once_with_one_key_one_user_comes(
    api: Api, email: str, users_table: Any, eventually: Eventually
) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    def post(_number: int) -> Any:
        return api.post("/users", json={**ADA, "email": email}, headers=key)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    made = {answer.json()["userId"] for answer in answers if answer.status_code == 201}
    eventually(lambda: by_email(api, email), "the user in the index")
    found = by_email(api, email)
    users_table.delete_item(Key={"userId": found[0]})

    # who comes while the first is at it is told to come again
    assert statuses.keys() <= {201, 409}, statuses
    assert made == set(found)
    assert len(found) == 1


def test_users_are_found_by_their_email(api: Api, create_user: Create, email: str, eventually: Eventually) -> None:
    ids = sorted(create_user(email=email)["userId"] for _ in range(3))

    eventually(lambda: len(by_email(api, email)) == 3, "the users in the index")
    first = api.get("/users", params={"email": email, "limit": "2"}).json()
    rest = api.get("/users", params={"email": email, "limit": "2", "nextToken": first["nextToken"]}).json()

    assert sorted(user["userId"] for user in first["users"] + rest["users"]) == ids
    assert by_email(api, "nobody@example.com") == []


def test_a_change_is_for_the_version_that_was_read(api: Api, create_user: Create) -> None:
    path = f"/users/{create_user()['userId']}"
    read = api.get(path)
    mine = {"If-Match": read.headers["ETag"]}

    changed = api.put(path, json={**read.json(), "age": 40}, headers=mine)
    late = api.put(path, json={**read.json(), "age": 41}, headers=mine)
    late_delete = api.delete(path, headers=mine)

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (late.status_code, late_delete.status_code) == (412, 412)
    assert "is at version 2 now" in late.json()["message"]
    assert api.get(path).json()["age"] == 40
    assert api.delete(path, headers={"If-Match": '"1", "2"'}).status_code == 200


def test_of_concurrent_changes_of_one_version_one_wins(api: Api, create_user: Create) -> None:
    path = f"/users/{create_user()['userId']}"

    def put(age: int) -> int:
        return int(api.put(path, json={**ADA, "age": age}, headers={"If-Match": '"1"'}).status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(put, range(1, 9)))

    assert statuses == {200: 1, 412: 7}


@pytest.mark.parametrize("method", ["put", "delete"])
def test_who_is_not_there_is_a_404_whatever_the_version(api: Api, method: str) -> None:
    body = {"json": ADA} if method == "put" else {}

    response = getattr(api, method)(f"/users/{uuid.uuid4()}", headers={"If-Match": '"1"'}, **body)

    assert response.status_code == 404


def test_a_precondition_that_is_none_is_a_400(api: Api, create_user: Create) -> None:
    response = api.put(f"/users/{create_user()['userId']}", json=ADA, headers={"If-Match": "1"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "If-Match"


def test_the_administrators_key_lists_users_and_the_other_does_not(api: Api, admin: Api, create_user: Create) -> None:
    create_user()

    allowed, refused = admin.get("/admin/users", params={"limit": "1"}), api.get("/admin/users")

    assert (allowed.status_code, len(allowed.json()["users"])) == (200, 1)
    assert (refused.status_code, refused.json()) == (403, {"message": "This API key is not an administrator's"})
