"""Data access: the buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from limits.bucket import Tier, Verdict, verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ATTEMPTS = 5
"""Of two updates each: only a bucket that turns idle and busy again between them needs another."""
KEPT_SECONDS = 3600
"""How long a bucket that is full stays in the table, at least."""


class Busy(Exception):
    """The bucket could not be asked."""


@dataclass(frozen=True)
class _Bucket:
    """A bucket after an update, or as it was where the update's condition did not hold."""

    changed: bool
    full_at: int


class Buckets:
    """The buckets of all keys. Taking a token is one UpdateItem; two where a bucket was full."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, key_id: str, tier: Tier, now: int) -> Verdict:
        """Take a token, if there is one. `now` is in microseconds since the epoch. Raises Busy."""
        latest = now + tier.depth - tier.interval
        for _ in range(ATTEMPTS):
            # one atomic addition, refused where it would go beyond the bucket's depth
            used = self._update(
                key_id, "fullAt + :step", "fullAt BETWEEN :now AND :latest",
                {":step": tier.interval, ":now": now, ":latest": latest}, now + tier.depth,
            )  # fmt: skip
            if used.changed or used.full_at > latest:
                return verdict(tier, used.full_at, now, allowed=used.changed)
            # a full bucket, or one that nobody has used yet: its time begins now
            begun = self._update(
                key_id, ":first", "attribute_not_exists(fullAt) OR fullAt < :now",
                {":first": now + tier.interval, ":now": now}, now + tier.depth,
            )  # fmt: skip
            if begun.changed:
                return verdict(tier, begun.full_at, now, allowed=True)
        raise Busy(f"the bucket of {key_id} changed {2 * ATTEMPTS} times while it was asked")

    def _update(self, key_id: str, value: str, condition: str, values: dict[str, Any], full: int) -> _Bucket:
        try:
            answer = self._table.update_item(
                Key={"keyId": key_id},
                UpdateExpression=f"SET fullAt = {value}, expiresAt = :expiresAt",
                ConditionExpression=condition,
                ExpressionAttributeValues={**values, ":expiresAt": full // 1_000_000 + KEPT_SECONDS},
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            # boto3's resource leaves the item in an error as DynamoDB's JSON has it
            item: Any = error.response.get("Item")
            return _Bucket(changed=False, full_at=int(item["fullAt"]["N"]) if item else 0)
        attributes: Any = answer["Attributes"]
        return _Bucket(changed=True, full_at=int(attributes["fullAt"]))
