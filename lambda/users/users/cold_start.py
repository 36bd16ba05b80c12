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
from proxy_integration.request import Request
from proxy_integration.response import Response

from users.environment import Environment
from users.logic import Users
from users.table import UserTable

# three attempts end before the function's own timeout (10 s) and API Gateway's (29 s)
CONNECTION = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})


def users_handler(respond: Callable[[Request, Users], Response]) -> Handler:
    """The Lambda handler around one route's function. Raises InvalidEnvironment."""
    environment = Environment.read(os.environ)
    table = boto3.resource("dynamodb", config=CONNECTION).Table(environment.users_table)
    users = Users(UserTable(table), now=partial(datetime.now, UTC), new_id=uuid4)
    return entry_point(
        lambda request: respond(request, users), logger=Logger(), allow_origin=environment.cors_allow_origin
    )
