"""A DynamoDB server of our own for all of these tests, in memory and in a thread, and boto3 clients on it."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from windtunnel.dynamodb.server import DynamoDB
from windtunnel.dynamodb.true_to_life import TrueToLife

NUMBERS = itertools.count(100_000_000_000)
"""Accounts: each test has its own, and so tables of its own."""


@contextmanager
def serving(options: TrueToLife | None = None) -> Iterator[str]:
    """A server in a thread; its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="dynamodb")
    thread.start()

    async def start() -> tuple[DynamoDB, int]:
        server = DynamoDB(None, options)
        return server, await server.listen()

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of the server."""
    with serving() as url:
        yield url


@pytest.fixture
def slow_dynamodb(account: str) -> Iterator[Any]:
    """A client of a server whose tables take their time."""
    with serving(TrueToLife(table_delay_ms=200)) as url:
        made = client("dynamodb", url, account)
        yield made
        made.close()


@pytest.fixture
def account() -> str:
    return str(next(NUMBERS))


def client(service: str, endpoint: str, account: str, region: str = "us-east-1") -> Any:
    """A boto3 client that does not check parameters itself: that is what the server is asked to do."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=config,
    )


@pytest.fixture
def dynamodb(endpoint: str, account: str) -> Iterator[Any]:
    made = client("dynamodb", endpoint, account)
    yield made
    made.close()


@pytest.fixture
def streams(endpoint: str, account: str) -> Iterator[Any]:
    made = client("dynamodbstreams", endpoint, account)
    yield made
    made.close()


@pytest.fixture
def client_of(endpoint: str, account: str) -> Iterator[Callable[..., Any]]:
    """Makes other clients: of another region, account or service."""
    made = []

    def make(service: str = "dynamodb", **overrides: str) -> Any:
        made.append(client(service, endpoint, **{"account": account, **overrides}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def make_table(dynamodb: Any) -> Callable[..., str]:
    """Make a table with the key `id` (S), paid by the request, unless told otherwise; returns its name."""
    numbers = itertools.count(1)

    def make(**overrides: Any) -> str:
        wanted = {
            "TableName": f"table-{next(numbers)}",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            **overrides,
        }
        dynamodb.create_table(**{name: value for name, value in wanted.items() if value is not None})
        return str(wanted["TableName"])

    return make


@pytest.fixture
def refused() -> Callable[..., tuple[str, str]]:
    """The code and the message that a call, which must fail, is refused with."""

    def refused_with(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return refused_with
