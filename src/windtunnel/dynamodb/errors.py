"""DynamoDB's errors: the code, the words, the status and the extra fields of an answer.

Sources: DynamoDB Developer Guide, "Error handling with DynamoDB"; the API Reference's errors of each operation; answers
of AWS recorded in dynalite's tests and in LocalStack's snapshots, for the prefixes of `__type` and the name of the
message's field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_PREFIXES = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "AccessDeniedException": "com.amazon.coral.service#",
    "UnrecognizedClientException": "com.amazon.coral.service#",
    "MissingAuthenticationTokenException": "com.amazon.coral.service#",
    "MissingAuthenticationToken": "com.amazon.coral.service#",
    "IncompleteSignatureException": "com.amazon.coral.service#",
    "InvalidSignatureException": "com.amazon.coral.service#",
    "ThrottlingException": "com.amazon.coral.availability#",
}
_CAPITAL_MESSAGE = frozenset({"SerializationException", "AccessDeniedException", "TransactionCanceledException"})
"""Errors whose message is in a field `Message`; all others have `message`."""
CONDITIONAL_CHECK_FAILED = "The conditional request failed"


class DynamoDBError(Exception):
    """An answer that is an error. `fields` goes into the body beside the message (`Item`, `CancellationReasons`)."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, fields: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields: dict[str, object] = dict(fields or {})

    @property
    def type(self) -> str:
        """What `__type` in the body holds: the code with the namespace AWS gives it."""
        return _PREFIXES.get(self.code, _DYNAMODB) + self.code

    def body(self) -> dict[str, object]:
        """The JSON body of the answer."""
        name = "Message" if self.code in _CAPITAL_MESSAGE else "message"
        body: dict[str, object] = {"__type": self.type}
        if self.message or self.code not in {"UnknownOperationException"}:
            body[name] = self.message
        return body | self.fields


def validation(message: str) -> DynamoDBError:
    """A request that DynamoDB refuses as it stands."""
    return DynamoDBError("ValidationException", message)


def invalid_parameter(message: str) -> DynamoDBError:
    """The ValidationException with which most checks of values begin."""
    return validation(f"One or more parameter values were invalid: {message}")


def serialization(message: str = "") -> DynamoDBError:
    """JSON that cannot be read as the operation's shape."""
    return DynamoDBError("SerializationException", message)


def unknown_operation() -> DynamoDBError:
    """What is not there; AWS sends no message with it."""
    return DynamoDBError("UnknownOperationException", "")


def resource_not_found(message: str = "Requested resource not found") -> DynamoDBError:
    return DynamoDBError("ResourceNotFoundException", message)


def table_not_found(name: str) -> DynamoDBError:
    """As the operations on table metadata say it; those on items say resource_not_found()'s own words."""
    return resource_not_found(f"Requested resource not found: Table: {name} not found")


def resource_in_use(message: str) -> DynamoDBError:
    return DynamoDBError("ResourceInUseException", message)


def limit_exceeded(message: str) -> DynamoDBError:
    return DynamoDBError("LimitExceededException", message)


def conditional_check_failed(item: Mapping[str, object] | None = None) -> DynamoDBError:
    """`item`: the item as it is, where ReturnValuesOnConditionCheckFailure is ALL_OLD and there is one."""
    return DynamoDBError(
        "ConditionalCheckFailedException", CONDITIONAL_CHECK_FAILED, fields={"Item": dict(item)} if item else None
    )


def transaction_cancelled(reasons: Sequence[Mapping[str, object]]) -> DynamoDBError:
    """`reasons`: one for each action, in their order, each with `Code` ("None" where it could have succeeded)."""
    codes = ", ".join(str(reason.get("Code")) for reason in reasons)
    return DynamoDBError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        fields={"CancellationReasons": [dict(reason) for reason in reasons]},
    )


def transaction_conflict() -> DynamoDBError:
    return DynamoDBError("TransactionConflictException", "Transaction is ongoing for the item")


def idempotent_parameter_mismatch(message: str) -> DynamoDBError:
    return DynamoDBError("IdempotentParameterMismatchException", message)


def throughput_exceeded(
    message: str = (
        "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API."
    ),
) -> DynamoDBError:
    return DynamoDBError("ProvisionedThroughputExceededException", message)


def throttling(message: str) -> DynamoDBError:
    return DynamoDBError("ThrottlingException", message)


def collection_size_exceeded(message: str = "Collection size exceeded.") -> DynamoDBError:
    return DynamoDBError("ItemCollectionSizeLimitExceededException", message)


def internal_error(message: str = "Internal server error") -> DynamoDBError:
    return DynamoDBError("InternalServerError", message, status=500)
