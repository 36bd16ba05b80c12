"""Data access: the users table. Each method is one DynamoDB call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from users.page import Page, PageRequest
from users.user import Profile, User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

EXISTS = "attribute_exists(userId)"
EXISTS_NOT = "attribute_not_exists(userId)"


class ConditionFailed(Exception):
    """The user is there where it must not be, or gone where it must be there."""


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

    def replace(self, user_id: str, profile: Profile, updated_at: str) -> User:
        """Set a user's whole profile and return the user. Raises ConditionFailed where there is none."""
        values = {":name": profile.name, ":email": profile.email, ":updatedAt": updated_at}
        expression = "SET #name = :name, #email = :email, #updatedAt = :updatedAt"
        if profile.age is None:
            expression += " REMOVE #age"
        else:
            expression += ", #age = :age"
        with _condition():
            answer = self._table.update_item(
                Key={"userId": user_id},
                ConditionExpression=EXISTS,
                UpdateExpression=expression,
                # `name` is one of DynamoDB's reserved words
                ExpressionAttributeNames={f"#{name}": name for name in ("name", "email", "updatedAt", "age")},
                ExpressionAttributeValues=values if profile.age is None else {**values, ":age": profile.age},
                ReturnValues="ALL_NEW",
            )
        return User.from_item(answer["Attributes"])

    def remove(self, user_id: str) -> User:
        """Delete a user and return what it was. Raises ConditionFailed where there is none."""
        with _condition():
            answer = self._table.delete_item(
                Key={"userId": user_id}, ConditionExpression=EXISTS, ReturnValues="ALL_OLD"
            )
        return User.from_item(answer["Attributes"])


@contextmanager
def _condition() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise ConditionFailed from error
        raise
