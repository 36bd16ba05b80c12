"""The optional part `uploads`: announced, sent to S3 under a signed policy, looked at, shown."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from PIL import Image

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

type Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture(scope="module")
def uploads(part: Callable[[str], Stack]) -> Stack:
    return part("uploads")


@pytest.fixture(scope="module")
def uploads_api(uploads: Stack) -> Iterator[Api]:
    from windtunnel.testing.clients import Api

    client = Api(uploads.api_url, uploads.api_key)
    with client.session:
        yield client


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 200)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind)
    return target.getvalue()


def announce(api: Api, content_type: str = "image/png") -> dict[str, Any]:
    response = api.post("/uploads", json={"fileName": "teal.png", "contentType": content_type})
    assert response.status_code == 201, response.text
    upload: dict[str, Any] = response.json()
    return upload


def send(upload: dict[str, Any], content: bytes, **fields: str) -> requests.Response:
    form = upload["form"]
    files = {"file": ("teal.png", content)}
    return requests.post(form["url"], data={**form["fields"], **fields}, files=files, timeout=30)


def seen(api: Api, upload_id: str) -> dict[str, Any] | None:
    upload: dict[str, Any] = api.get(f"/uploads/{upload_id}").json()
    return upload if upload["state"] != "waiting" else None


def keys(aws: Aws, bucket: str, prefix: str) -> list[str]:
    return [item["Key"] for item in aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def test_a_picture_is_measured_and_has_a_thumbnail(uploads_api: Api, eventually: Eventually) -> None:
    upload, content = announce(uploads_api), picture()

    sent = send(upload, content)
    ready = eventually(lambda: seen(uploads_api, upload["uploadId"]), "the picture to be looked at")
    thumbnail = requests.get(ready["thumbnail"], timeout=10)

    assert (upload["state"], sent.status_code, ready["state"]) == ("waiting", 204, "ready")
    assert ready["picture"] == {"format": "PNG", "width": 400, "height": 200, "bytes": len(content)}
    assert thumbnail.headers["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(thumbnail.content)) as small:
        assert (small.format, small.size) == ("WEBP", (256, 128))


def test_a_file_of_another_kind_is_refused_and_gone(
    uploads_api: Api, uploads: Stack, aws: Aws, eventually: Eventually
) -> None:
    upload = announce(uploads_api, "image/png")

    send(upload, picture("JPEG"))
    refused = eventually(lambda: seen(uploads_api, upload["uploadId"]), "the picture to be looked at")

    assert (refused["state"], refused["reason"]) == ("refused", "it is JPEG, not PNG")
    eventually(lambda: not keys(aws, uploads.outputs["BucketName"], f"incoming/{upload['uploadId']}"), "it to be gone")


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"x" * (5 * 1024 * 1024 + 1), {}, "EntityTooLarge"),
        (b"", {}, "EntityTooSmall"),
        (b"<html>", {"Content-Type": "text/html"}, "AccessDenied"),
        (b"png", {"key": "elsewhere/mine.png"}, "AccessDenied"),
    ],
    ids=["too large", "empty", "another type", "another key"],
)
def test_s3_itself_refuses_what_the_policy_does_not_allow(
    uploads_api: Api, uploads: Stack, aws: Aws, content: bytes, fields: dict[str, str], code: str
) -> None:
    upload = announce(uploads_api)

    response = send(upload, content, **fields)

    assert 400 <= response.status_code < 500, response.text
    assert code in response.text
    assert uploads_api.get(f"/uploads/{upload['uploadId']}").json()["state"] == "waiting"
    assert keys(aws, uploads.outputs["BucketName"], fields.get("key", f"incoming/{upload['uploadId']}")) == []


def test_a_file_that_nobody_announced_is_deleted(uploads: Stack, aws: Aws, eventually: Eventually) -> None:
    bucket, key = uploads.outputs["BucketName"], f"incoming/{uuid.uuid4()}"

    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=picture())

    eventually(lambda: not keys(aws, bucket, key), "it to be gone")


def test_what_is_no_announcement_is_400_and_who_is_not_there_404(uploads_api: Api) -> None:
    wrong = uploads_api.post("/uploads", json={"fileName": 5, "contentType": "text/html"})
    missing = uploads_api.get(f"/uploads/{uuid.uuid4()}")

    assert [error["field"] for error in wrong.json()["errors"]] == ["fileName", "contentType"]
    assert (wrong.status_code, missing.status_code) == (400, 404)
