"""What the service does, over table and bucket and without HTTP or S3's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proxy_integration.errors import NotFound

from uploads.bucket import Bucket
from uploads.table import UploadTable
from uploads.upload import parse_announcement


@dataclass(frozen=True)
class Uploads:
    """The service. `now` gives an aware time in UTC, `new_id` an id that nobody else has."""

    table: UploadTable
    bucket: Bucket
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def announce(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A new upload, with the form to send the file by. Raises InvalidRequest."""
        announcement, upload_id, now = parse_announcement(document), str(self.new_id()), self.now()
        moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stored = self.table.add(upload_id, announcement, moment, now.timestamp())
        return {**stored, "form": self.bucket.form(upload_id, announcement)}

    def get(self, upload_id: str) -> dict[str, Any]:
        """What is known of an upload; of a picture that is ready, with a link to its thumbnail. Raises NotFound."""
        item = self.table.get(upload_id)
        if item is None:
            raise NotFound(f"Upload {upload_id} not found")
        if "thumbnail" in item:
            item["thumbnail"] = self.bucket.link(item["thumbnail"])
        return item
