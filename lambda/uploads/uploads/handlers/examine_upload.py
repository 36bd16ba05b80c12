"""S3's events of the files that have come."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from uploads.arrival import Arrivals
from uploads.cold_start import connect

logger = Logger()
arrivals = Arrivals(*connect())


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Raises what S3 or DynamoDB raise: Lambda tries an asynchronous event twice again."""
    for record in event["Records"]:
        # S3 encodes keys in its events as in a query string
        key = unquote_plus(record["s3"]["object"]["key"])
        logger.info("file has come", extra={"key": key, "outcome": arrivals.arrived(key)})
