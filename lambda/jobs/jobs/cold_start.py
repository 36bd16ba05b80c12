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

from jobs.batch import BatchHandler, batch_handler
from jobs.environment import ApiEnvironment, WorkerEnvironment
from jobs.logic import Jobs, Worker
from jobs.queues import Queues
from jobs.table import JobTable

# three attempts end before the function's own timeout (10 s) and API Gateway's (29 s)
CONNECTION = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})


def jobs_handler(respond: Callable[[Request, Jobs], Response]) -> Handler:
    """The Lambda handler around one route's function. Raises InvalidEnvironment."""
    environment = ApiEnvironment.read(os.environ)
    queues = Queues(boto3.client("sqs", config=CONNECTION), environment.queue_url, environment.ordered_queue_url)
    jobs = Jobs(_table(environment.jobs_table), queues, now=partial(datetime.now, UTC), new_id=uuid4)
    return entry_point(
        lambda request: respond(request, jobs), logger=Logger(), allow_origin=environment.cors_allow_origin
    )


def worker_handler(*, ordered: bool) -> BatchHandler:
    """The Lambda handler of a queue. Raises InvalidEnvironment."""
    environment = WorkerEnvironment.read(os.environ)
    worker = Worker(_table(environment.jobs_table), partial(datetime.now, UTC), environment.max_attempts)
    sqs = boto3.client("sqs", config=CONNECTION)
    return batch_handler(worker, sqs, environment.queue_url, logger=Logger(), ordered=ordered)


def _table(name: str) -> JobTable:
    return JobTable(boto3.resource("dynamodb", config=CONNECTION).Table(name))
