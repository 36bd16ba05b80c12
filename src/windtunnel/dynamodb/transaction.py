"""What transactions share, of items and of statements: why they are cancelled, and their client request tokens.

Sources: API Reference, TransactWriteItems (reasons, tokens for ten minutes, 4 MB); answers of AWS recorded in
LocalStack's and in dynamodb-conformance's suites: an empty key value is refused as itself, other faults of an item are
a reason ValidationError.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.errors import (
    DynamoDBError,
    idempotent_parameter_mismatch,
    transaction_cancelled,
    validation,
)
from windtunnel.dynamodb.item_key import EMPTY_KEY
from windtunnel.dynamodb.row import Key
from windtunnel.dynamodb.table import Table

MOST_BYTES = 4 * 1024 * 1024
TOO_LARGE = "The aggregate size of the items in the transaction exceeds 4 MB"
TOKEN_SECONDS = 600.0
NONE: dict[str, Any] = {"Code": "None"}
CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "ValidationException": "ValidationError",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ThrottlingException": "ThrottlingError",
    "TransactionConflictException": "TransactionConflict",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "DuplicateItemException": "DuplicateItem",
}


def reason(error: DynamoDBError) -> dict[str, Any]:
    """The cancellation reason of one action; what is no reason is raised as itself."""
    code = CODES.get(error.code)
    if code is None or error.message.startswith(EMPTY_KEY):
        raise error
    told: dict[str, Any] = {"Code": code, "Message": error.message}
    if "Item" in error.fields:
        told["Item"] = error.fields["Item"]
    return told


def cancel_if_any(reasons: Sequence[Mapping[str, Any]]) -> None:
    """Raises TransactionCanceledException where one of the reasons is one."""
    if any(why is not NONE for why in reasons):
        raise transaction_cancelled(reasons)


def check_single(targets: Iterable[tuple[Table, Key]]) -> None:
    """No item may be there twice."""
    seen: set[tuple[int, Key]] = set()
    for table, key in targets:
        if (table.id, key) in seen:
            raise validation("Transaction request cannot include multiple operations on one item")
        seen.add((table.id, key))


def request_digest(parameters: Mapping[str, Any]) -> bytes:
    """What a client request token stands for: the actions, not how the answer is to look."""
    actions = {name: parameters[name] for name in ("TransactItems", "TransactStatements") if name in parameters}
    return hashlib.sha256(json.dumps(actions, sort_keys=True).encode()).digest()


def check_token(found: tuple[bytes, bytes] | None, digest: bytes) -> bool:
    """Whether the transaction was done before. Raises IdempotentParameterMismatchException: it was another one."""
    if found is None:
        return False
    if found[0] != digest:
        raise idempotent_parameter_mismatch(
            "Error: The request uses the same client token as a previous, but non-identical request. "
            "Do not reuse a client token with different requests, unless the requests are identical"
        )
    return True
