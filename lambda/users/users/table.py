"""Data access: the users table. Each method is one DynamoDB call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from users.page import Page, PageRequest
from users.user import Profile, User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

EXISTS = "attribute_exists(userId)"
BY_EMAIL = "byEmail"
"""The index, by email and then by user id, with whole users."""
EXISTS_NOT = "attribute_not_exists(userId)"


class ConditionFailed(Exception):
    """The user is there where it must not be, gone where it must be there, or of another version.

    `found` is the user that is there.
    """

    def __init__(self, found: User | None = None) -> None:
        super().__init__()
        self.found = found


class UserTable:
    """The users table. Reads are strongly consistent: who created a user finds it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, user: User) -> None:
        """Store a new user. Raises ConditionFailed, and changes nothing, where the id is taken."""
        with _condition():
            self._table.put_item(Item=user.document(), ConditionExpression=EXISTS_NOT)

    def get(self, user_id: str) -> User | None:
        """The user with this id."""
        item = self._table.get_item(Key={"userId": user_id}, ConsistentRead=True).get("Item")
        return None if item is None else User.from_item(item)

    def page(self, request: PageRequest) -> Page:
        """A page of users, in the order of the table's hash."""
        scan: dict[str, Any] = {"Limit": request.limit, "ConsistentRead": True}
        if request.start_after is not None:
            scan["ExclusiveStartKey"] = {"userId": request.start_after}
        answer = self._table.scan(**scan)
        last = answer.get("LastEvaluatedKey")
        return Page(
            users=tuple(User.from_item(item) for item in answer["Items"]),
            last=None if last is None else str(last["userId"]),
        )

    def with_email(self, email: str, request: PageRequest) -> Page:
        """A page of the users with this email. An index is eventually consistent: the newest may not be in it yet."""
        query: dict[str, Any] = {
            "IndexName": BY_EMAIL,
            "KeyConditionExpression": "email = :email",
            "ExpressionAttributeValues": {":email": email},
            "Limit": request.limit,
        }
        if request.start_after is not None:
            query["ExclusiveStartKey"] = {"email": email, "userId": request.start_after}
        answer = self._table.query(**query)
        last = answer.get("LastEvaluatedKey")
        return Page(
            users=tuple(User.from_item(item) for item in answer["Items"]),
            last=None if last is None else str(last["userId"]),
        )

    def replace(self, user_id: str, profile: Profile, updated_at: str, versions: frozenset[int] | None = None) -> User:
        """Set a user's whole profile and return the user, one version on.

        Raises ConditionFailed where there is none, or where its version is none of `versions`.
        """
        condition, known = _of_version(versions)
        values: dict[str, Any] = {
            ":name": profile.name, ":email": profile.email, ":updatedAt": updated_at, ":one": 1, **known,
        }  # fmt: skip
        expression = "SET #name = :name, #email = :email, #updatedAt = :updatedAt"
        if profile.age is None:
            expression += " REMOVE #age"
        else:
            expression += ", #age = :age"
        expression += " ADD version :one"
        with _condition():
            answer = self._table.update_item(
                Key={"userId": user_id},
                ConditionExpression=condition,
                UpdateExpression=expression,
                # `name` is one of DynamoDB's reserved words
                ExpressionAttributeNames={f"#{name}": name for name in ("name", "email", "updatedAt", "age")},
                ExpressionAttributeValues=values if profile.age is None else {**values, ":age": profile.age},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        return User.from_item(answer["Attributes"])

    def remove(self, user_id: str, versions: frozenset[int] | None = None) -> User:
        """Delete a user and return what it was.

        Raises ConditionFailed where there is none, or where its version is none of `versions`.
        """
        condition, known = _of_version(versions)
        values: dict[str, Any] = {"ExpressionAttributeValues": known} if known else {}
        with _condition():
            answer = self._table.delete_item(
                Key={"userId": user_id},
                ConditionExpression=condition,
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **values,
            )
        return User.from_item(answer["Attributes"])


@contextmanager
def _condition() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            item: Any = error.response.get("Item")
            raise ConditionFailed(None if item is None else User.from_item(_plain(item))) from error
        raise


def _of_version(versions: frozenset[int] | None) -> tuple[str, dict[str, Any]]:
    """The condition that a user is there, in one of these versions, and its values."""
    if versions is None:
        return EXISTS, {}
    # no version is below 0: what lets none through still tells whether the user is there
    values = {f":version{number}": version for number, version in enumerate(sorted(versions) or [-1])}
    return f"{EXISTS} AND version IN ({', '.join(values)})", values


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item in an error: boto3's resource leaves it as DynamoDB's JSON has it."""
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
