from __future__ import annotations

import pytest

from windtunnel.dynamodb import errors


# Types and members as AWS sends them (dynalite's test/helpers.js; LocalStack's snapshots of DynamoDB)
@pytest.mark.parametrize(
    ("error", "body"),
    [
        (errors.validation("no"), {"__type": "com.amazon.coral.validate#ValidationException", "message": "no"}),
        (errors.serialization("no"), {"__type": "com.amazon.coral.service#SerializationException", "Message": "no"}),
        (errors.unknown_operation(), {"__type": "com.amazon.coral.service#UnknownOperationException"}),
        (
            errors.table_not_found("t"),
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                "message": "Requested resource not found: Table: t not found",
            },
        ),
        (
            errors.conditional_check_failed(),
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
            },
        ),
        (
            errors.conditional_check_failed({"k": {"S": "a"}}),
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": {"k": {"S": "a"}},
            },
        ),
        (
            errors.transaction_cancelled([{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "m"}]),
            {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
                "[None, ConditionalCheckFailed]",
                "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "m"}],
            },
        ),
        (
            errors.throttling("slow"),
            {"__type": "com.amazon.coral.availability#ThrottlingException", "message": "slow"},
        ),
    ],
)
def test_an_error_has_the_body_that_aws_sends(error: errors.DynamoDBError, body: dict[str, object]) -> None:
    assert error.body() == body
    assert error.status == 400


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.resource_not_found(), "ResourceNotFoundException"),
        (errors.resource_in_use("m"), "ResourceInUseException"),
        (errors.limit_exceeded("m"), "LimitExceededException"),
        (errors.transaction_conflict(), "TransactionConflictException"),
        (errors.idempotent_parameter_mismatch("m"), "IdempotentParameterMismatchException"),
        (errors.throughput_exceeded(), "ProvisionedThroughputExceededException"),
        (errors.collection_size_exceeded(), "ItemCollectionSizeLimitExceededException"),
        (errors.internal_error(), "InternalServerError"),
    ],
)
def test_each_error_has_its_code(error: errors.DynamoDBError, code: str) -> None:
    assert error.type == f"com.amazonaws.dynamodb.v20120810#{code}"
    assert error.status == (500 if code == "InternalServerError" else 400)
    assert str(error) == error.message
