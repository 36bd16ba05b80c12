"""Looking at what has come. Apart from logic.py, so that only its function loads Pillow."""

from __future__ import annotations

from dataclasses import dataclass

from uploads.bucket import INCOMING, Bucket
from uploads.picture import NotThatPicture, examine
from uploads.table import UploadTable
from uploads.upload import State


@dataclass(frozen=True)
class Arrivals:
    """Files that have come to the bucket."""

    table: UploadTable
    bucket: Bucket

    def arrived(self, key: str) -> str:
        """Look at a file that has come; what came of it. A file that nobody announced, or no picture, is deleted."""
        upload_id = key.removeprefix(INCOMING)
        item = self.table.get(upload_id)
        if item is None:
            self.bucket.delete(key)
            return "not announced"
        if item["state"] != State.WAITING:
            return "seen before"  # S3 may tell twice
        try:
            picture, thumbnail = examine(self.bucket.read(key), item["contentType"])
        except NotThatPicture as error:
            self.table.refused(upload_id, str(error))
            self.bucket.delete(key)
            return f"refused: {error}"
        self.table.ready(upload_id, picture, self.bucket.write_thumbnail(upload_id, thumbnail))
        return "ready"
