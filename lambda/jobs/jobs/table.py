"""Data access: the jobs table. Each method is one DynamoDB call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from jobs.job import Job, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_SECONDS = 30 * 24 * 3600
"""How long a job can be asked for: DynamoDB's time to live deletes it some time after."""


class JobTable:
    """The jobs table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, job: Job, now: float) -> bool:
        """Store a new job. False, and nothing changes, where there is one with its id."""
        item = {**job.document(), "expiresAt": int(now) + KEPT_SECONDS}
        return self._conditional(
            lambda: self._table.put_item(Item=item, ConditionExpression="attribute_not_exists(jobId)")
        )

    def get(self, job_id: str) -> Job | None:
        """The job with this id."""
        item = self._table.get_item(Key={"jobId": job_id}, ConsistentRead=True).get("Item")
        return None if item is None else Job.from_item(item)

    def start(self, job_id: str, now: str) -> Job | None:
        """Begin an attempt. None where there is nothing to do: the job succeeded, or there is none.

        SQS delivers at least once, and a worker may have died in the middle: a running job is begun again.
        """
        try:
            answer = self._table.update_item(
                Key={"jobId": job_id},
                UpdateExpression="SET #state = :running, updatedAt = :now ADD attempts :one REMOVE #error",
                ConditionExpression="attribute_exists(jobId) AND #state <> :succeeded",
                ExpressionAttributeNames={"#state": "state", "#error": "error"},
                ExpressionAttributeValues={
                    ":running": State.RUNNING, ":succeeded": State.SUCCEEDED, ":now": now, ":one": 1
                },
                ReturnValues="ALL_NEW",
            )  # fmt: skip
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return Job.from_item(answer["Attributes"])

    def succeed(self, job_id: str, result: Mapping[str, Any], now: str) -> None:
        """The job is done."""
        self._finish(job_id, State.SUCCEEDED, now, "result", dict(result))

    def fail(self, job_id: str, state: State, error: str, now: str) -> None:
        """An attempt failed: the job is queued again, or failed for good."""
        self._finish(job_id, state, now, "error", error)

    def _finish(self, job_id: str, state: State, now: str, name: str, value: Any) -> None:
        # a duplicate that ends later does not undo a success
        self._conditional(
            lambda: self._table.update_item(
                Key={"jobId": job_id},
                UpdateExpression="SET #state = :state, updatedAt = :now, #name = :value",
                ConditionExpression="#state = :running",
                ExpressionAttributeNames={"#state": "state", "#name": name},
                ExpressionAttributeValues={":state": state, ":now": now, ":value": value, ":running": State.RUNNING},
            )
        )

    @staticmethod
    def _conditional(call: Any) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
