"""What the handler module does once, in Lambda's init phase: read the configuration, connect, wire the layers."""

from __future__ import annotations

import os
from collections.abc import Callable

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from proxy_integration.entry_point import Handler, entry_point
from proxy_integration.request import Request
from proxy_integration.response import Response

from dynamodbmanager.environment import Environment
from dynamodbmanager.logic import Manager
from dynamodbmanager.tables import Tables

# three attempts end before the function's own timeout (10 s) and API Gateway's (29 s)
CONNECTION = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})


def manager_handler(respond: Callable[[Request, Manager], Response]) -> Handler:
    """The Lambda handler around the route's function. Raises InvalidEnvironment."""
    environment = Environment.read(os.environ)
    tables = Tables(boto3.resource("dynamodb", config=CONNECTION))
    manager = Manager(tables, environment.allowed_tables)
    return entry_point(
        lambda request: respond(request, manager), logger=Logger(), allow_origin=environment.cors_allow_origin
    )
