"""The policy that a table may carry: its form and its revisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter
from windtunnel.dynamodb.table import Table

MOST_BYTES = 20480


def check_policy(policy: str) -> None:
    """Raises DynamoDBError (messages: ack-api-quirks, DDB-TABLE-442, recorded)."""
    if len(policy.encode()) > MOST_BYTES:
        raise invalid_parameter(f"Maximum policy size of {MOST_BYTES} bytes exceeded")
    try:
        read = json.loads(policy)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise invalid_parameter("Invalid policy document: This policy contains invalid Json")
    if not read.get("Statement"):
        raise invalid_parameter("Invalid policy document: Could not parse the policy: Statement is empty!")


def new_revision(now: float) -> str:
    return str(int(now * 1000))


def policy_of(table: Table) -> Mapping[str, Any]:
    """Policy and RevisionId. Raises PolicyNotFoundException."""
    there: Mapping[str, Any] | None = table.document.get("ResourcePolicy")
    if there is None:
        raise DynamoDBError("PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: Requested policy not found: {table.arn}")  # fmt: skip  # noqa: E501
    return there


def require_revision(table: Table, expected: str | None) -> None:
    """Raises PolicyNotFoundException where another revision than the expected one is there."""
    if expected is None:
        return
    there = (table.document.get("ResourcePolicy") or {}).get("RevisionId", "NO_POLICY")
    if expected != there:
        raise DynamoDBError(
            "PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn and RevisionId"
        )
