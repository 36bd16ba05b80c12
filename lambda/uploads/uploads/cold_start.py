"""What a handler module does once, in Lambda's init phase: read the configuration, connect, wire the layers."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from proxy_integration.entry_point import Handler, entry_point
from proxy_integration.environment import required
from proxy_integration.request import Request
from proxy_integration.response import Response

from uploads.bucket import Bucket
from uploads.logic import Uploads
from uploads.table import UploadTable

# three attempts end before the functions' own timeouts and API Gateway's (29 s)
CONNECTION = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}, signature_version="s3v4"
)


def connect() -> tuple[UploadTable, Bucket]:
    """Table and bucket. Raises InvalidEnvironment."""
    table, bucket = required(os.environ, "UPLOADS_TABLE", "BUCKET")
    return (
        UploadTable(boto3.resource("dynamodb", config=CONNECTION).Table(table)),
        Bucket(boto3.client("s3", config=CONNECTION), bucket),
    )


def uploads_handler(respond: Callable[[Request, Uploads], Response]) -> Handler:
    """The Lambda handler around one route's function. Raises InvalidEnvironment."""
    service = Uploads(*connect(), now=partial(datetime.now, UTC), new_id=uuid4)
    (origin,) = required(os.environ, "CORS_ALLOW_ORIGIN")
    return entry_point(lambda request: respond(request, service), logger=Logger(), allow_origin=origin)
