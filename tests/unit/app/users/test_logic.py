from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from botocore.exceptions import ClientError
from proxy_integration.errors import InvalidRequest, NotFound
from users.environment import Environment
from users.logic import Users
from users.table import ConditionFailed
from users.user import Profile

if TYPE_CHECKING:
    from tests.unit.app.users.conftest import Clock, FakeTable

ADA = {"name": "Ada", "email": "ada@example.com", "age": 36}
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"


def test_create_stores_the_user(users: Users, fake_table: FakeTable) -> None:
    user = users.create({**ADA, "userId": NOBODY, "createdAt": "1843"})

    assert user.document() == {
        "userId": "00000000-0000-4000-8000-000000000001",
        **ADA,
        "createdAt": "2026-11-21T05:09:00.123Z",
        "updatedAt": "2026-11-21T05:09:00.123Z",
        "version": 1,
    }
    assert fake_table.items == {user.user_id: user.document()}


def test_a_user_without_an_age_has_no_such_attribute(users: Users, fake_table: FakeTable) -> None:
    user = users.create({"name": "Ada", "email": "ada@example.com"})

    assert "age" not in user.document()
    assert "age" not in fake_table.items[user.user_id]


def test_create_never_overwrites(users: Users, fake_table: FakeTable, clock: Clock) -> None:
    first = users.create(ADA)
    clumsy = Users(users.table, now=clock, new_id=lambda: UUID(first.user_id))

    with pytest.raises(ConditionFailed):
        clumsy.create({**ADA, "name": "Eve"})

    assert fake_table.items[first.user_id]["name"] == "Ada"


def test_an_invalid_user_is_not_stored(users: Users, fake_table: FakeTable) -> None:
    with pytest.raises(InvalidRequest):
        users.create({})

    assert fake_table.items == {}


def test_get_returns_what_was_created(users: Users) -> None:
    user = users.create(ADA)

    assert users.get(user.user_id) == user
    assert users.get(user.user_id.upper()) == user
    assert type(users.get(user.user_id).profile.age) is int


def test_update_replaces_the_profile_and_keeps_the_rest(users: Users, clock: Clock, fake_table: FakeTable) -> None:
    user = users.create(ADA)
    clock.advance(60)

    updated = users.update(user.user_id, {"name": "Ada King", "email": "ada@example.org", "age": 37})

    assert updated.profile == Profile("Ada King", "ada@example.org", 37)
    assert (updated.user_id, updated.created_at) == (user.user_id, user.created_at)
    assert updated.updated_at == "2026-11-21T05:10:00.123Z"
    assert users.get(user.user_id) == updated


def test_update_without_an_age_removes_it(users: Users, fake_table: FakeTable) -> None:
    user = users.create(ADA)

    updated = users.update(user.user_id, {"name": "Ada", "email": "ada@example.com"})

    assert updated.profile.age is None
    assert "age" not in fake_table.items[user.user_id]


def test_a_document_read_can_be_sent_back(users: Users) -> None:
    user = users.create(ADA)

    assert users.update(user.user_id, user.document()) == replace(user, version=2)


def test_delete_returns_the_user_and_removes_it(users: Users, fake_table: FakeTable) -> None:
    user = users.create(ADA)

    assert users.delete(user.user_id) == user
    assert fake_table.items == {}


@pytest.mark.parametrize("user_id", [NOBODY, "5", "", "x" * 5000, "{" + NOBODY + "}", NOBODY.replace("-", "")])
def test_who_is_not_there_is_not_found(users: Users, fake_table: FakeTable, user_id: str) -> None:
    users.create(ADA)
    before = {key: dict(item) for key, item in fake_table.items.items()}

    with pytest.raises(NotFound, match="not found"):
        users.get(user_id)
    with pytest.raises(NotFound, match="not found"):
        users.update(user_id, ADA)
    with pytest.raises(NotFound, match="not found"):
        users.delete(user_id)

    assert fake_table.items == before


def test_pages_hold_every_user_once(users: Users) -> None:
    created = [users.create({**ADA, "name": f"Ada {number}"}) for number in range(7)]

    seen, query = [], {"limit": "3"}
    while True:
        page = users.list(query).document()
        seen += page["users"]
        if "nextToken" not in page:
            break
        query["nextToken"] = page["nextToken"]

    assert seen == [user.document() for user in created]


def test_a_failing_table_is_nobodys_fault(users: Users, fake_table: FakeTable) -> None:
    fake_table.failure = "ProvisionedThroughputExceededException"

    with pytest.raises(ClientError):
        users.list({})
    with pytest.raises(ClientError):
        users.create(ADA)


def test_the_environment_is_checked() -> None:
    assert Environment.read({"USERS_TABLE": "Users", "CORS_ALLOW_ORIGIN": "*"}) == Environment("Users", "*")
    with pytest.raises(Exception, match="USERS_TABLE, CORS_ALLOW_ORIGIN"):
        Environment.read({})
