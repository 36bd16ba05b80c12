"""Data access: the uploads' table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from uploads.upload import Announcement, Picture, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_SECONDS = 24 * 3600
"""How long an upload that never comes is waited for."""


class UploadTable:
    """The uploads' table. Each method is one DynamoDB call."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, upload_id: str, announcement: Announcement, now: str, epoch: float) -> dict[str, Any]:
        """Store what was announced. It is forgotten after a day, unless it comes."""
        item = {
            "uploadId": upload_id,
            "fileName": announcement.file_name,
            "contentType": announcement.content_type,
            "state": State.WAITING,
            "createdAt": now,
        }
        self._table.put_item(Item={**item, "expiresAt": int(epoch) + KEPT_SECONDS})
        return item

    def get(self, upload_id: str) -> dict[str, Any] | None:
        """What is known of an upload."""
        item = self._table.get_item(Key={"uploadId": upload_id}, ConsistentRead=True).get("Item")
        return None if item is None else {name: value for name, value in item.items() if name != "expiresAt"}

    def ready(self, upload_id: str, picture: Picture, thumbnail: str) -> None:
        """The picture is there and looked at; from now on it is kept."""
        values = {":state": State.READY, ":picture": picture.document(), ":thumbnail": thumbnail}
        self._finish(upload_id, "SET #s = :state, picture = :picture, thumbnail = :thumbnail REMOVE expiresAt", values)

    def refused(self, upload_id: str, reason: str) -> None:
        """The file was no such picture, and is gone."""
        self._finish(upload_id, "SET #s = :state, reason = :reason", {":state": State.REFUSED, ":reason": reason})

    def _finish(self, upload_id: str, expression: str, values: dict[str, Any]) -> None:
        try:
            self._table.update_item(
                Key={"uploadId": upload_id},
                UpdateExpression=expression,
                # S3 may tell twice, and what nobody announced is nobody's
                ConditionExpression="attribute_exists(uploadId) AND #s = :waiting",
                ExpressionAttributeNames={"#s": "state"},
                ExpressionAttributeValues={**values, ":waiting": State.WAITING},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
