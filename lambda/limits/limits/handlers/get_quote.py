"""GET /quote: 200 with a quote, or 429 where the API key's bucket is empty."""

from __future__ import annotations

import os
import time

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from proxy_integration.entry_point import entry_point
from proxy_integration.environment import required
from proxy_integration.errors import Forbidden
from proxy_integration.request import Request
from proxy_integration.response import Response

from limits.table import Buckets
from limits.tiers import read_tiers

CONNECTION = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
TABLE, TIERS, ORIGIN = required(os.environ, "BUCKETS_TABLE", "TIERS", "CORS_ALLOW_ORIGIN")

buckets = Buckets(boto3.resource("dynamodb", config=CONNECTION).Table(TABLE))
tiers = read_tiers(TIERS)


def get_quote(request: Request) -> Response:
    tier = tiers.get(request.api_key_id or "")
    if request.api_key_id is None or tier is None:
        raise Forbidden("This API key is in no tier")
    verdict = buckets.take(request.api_key_id, tier, time.time_ns() // 1000)
    if not verdict.allowed:
        return Response(429, {"message": "Too Many Requests", "tier": tier.name}, verdict.headers())
    return Response(200, {"quote": "What I cannot create, I do not understand.", "tier": tier.name}, verdict.headers())


handler = entry_point(get_quote, logger=Logger(), allow_origin=ORIGIN)
