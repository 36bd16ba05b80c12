"""Data access: the bucket. Uploads come to incoming/, thumbnails go to thumbnails/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uploads.upload import MAX_BYTES, Announcement

INCOMING, THUMBNAILS = "incoming/", "thumbnails/"
VALID_SECONDS = 900


@dataclass(frozen=True)
class Bucket:
    """`client` is boto3's of S3."""

    client: Any
    name: str

    def form(self, upload_id: str, announcement: Announcement) -> dict[str, Any]:
        """URL and fields of a form that uploads the announced file, and nothing else: S3 itself checks the policy."""
        kind = announcement.content_type
        form: dict[str, Any] = self.client.generate_presigned_post(
            self.name,
            INCOMING + upload_id,
            Fields={"Content-Type": kind},
            Conditions=[{"Content-Type": kind}, ["content-length-range", 1, MAX_BYTES]],
            ExpiresIn=VALID_SECONDS,
        )
        return form

    def read(self, key: str) -> bytes:
        """A file's content."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def delete(self, key: str) -> None:
        """Delete a file."""
        self.client.delete_object(Bucket=self.name, Key=key)

    def write_thumbnail(self, upload_id: str, content: bytes) -> str:
        """Store a thumbnail; its key."""
        key = f"{THUMBNAILS}{upload_id}.webp"
        self.client.put_object(Bucket=self.name, Key=key, Body=content, ContentType="image/webp")
        return key

    def link(self, key: str) -> str:
        """A URL that anybody can read a file with, for a while."""
        url: str = self.client.generate_presigned_url(
            "get_object", Params={"Bucket": self.name, "Key": key}, ExpiresIn=VALID_SECONDS
        )
        return url
