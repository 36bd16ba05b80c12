"""DynamoDB's own port: the same tables and answers as through LocalStack's gateway, and what hangs on them."""

from __future__ import annotations

import http.client
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests

from windtunnel.config import HOST
from windtunnel.edge.config import EdgeConfig
from windtunnel.engines.orders import Home
from windtunnel.testing.plugin import Engine

SCOPE = "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
ITEM = {
    "id": {"S": "1"},
    "n": {"N": "5"},
    "b": {"B": "aGVsbG8="},
    "l": {"L": [{"S": "x"}, {"M": {"y": {"BOOL": True}}}, {"NULL": True}]},
    "ss": {"SS": ["b", "a"]},
    "bs": {"BS": ["aGVsbG8="]},
    "e": {"S": ""},
    "u": {"S": "é☃"},
    "m": {"M": {}},
}
KEY = {"id": {"S": "1"}}
BUMP = {"UpdateExpression": "SET n = n + :i", "ExpressionAttributeValues": {":i": {"N": "1"}}}
NEW = "attribute_not_exists(id)"
Parameters = dict[str, Any]


def calls(table: str) -> list[tuple[str, Parameters]]:
    """What is asked of both, in this order."""
    of = {"TableName": table}
    absent = {"TableName": f"{table}-absent"}
    return [
        ("PutItem", {**of, "Item": ITEM}),
        ("PutItem", {**of, "Item": ITEM, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}),
        ("PutItem", {**of, "Item": ITEM, "ConditionExpression": NEW}),
        (
            "PutItem",
            {**of, "Item": ITEM, "ConditionExpression": NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
        ),
        ("PutItem", {**of, "Item": {"x": {"S": "no key"}}}),
        ("PutItem", {**of, "Item": {"id": {"N": "1"}}}),
        ("PutItem", {**of, "Item": ITEM, "ReturnConsumedCapacity": "BAD"}),
        ("PutItem", {**absent, "Item": ITEM}),
        ("PutItem", {**of, "Item": ITEM, "Unknown": 1}),
        ("PutItem", of),
        ("GetItem", {**of, "Key": KEY}),
        ("GetItem", {**of, "Key": {"id": {"S": "none"}}}),
        ("GetItem", {**of, "Key": {"id": {"S": ""}}}),
        ("GetItem", {**of, "Key": KEY, "ProjectionExpression": "n, e", "ReturnConsumedCapacity": "INDEXES"}),
        ("GetItem", {**absent, "Key": KEY}),
        ("UpdateItem", {**of, "Key": KEY, **BUMP}),
        ("UpdateItem", {**of, "Key": KEY, **BUMP, "ReturnValues": "UPDATED_NEW", "ReturnConsumedCapacity": "TOTAL"}),
        ("UpdateItem", {**of, "Key": KEY, **BUMP, "ConditionExpression": "n > :i"}),
        ("UpdateItem", {**of, "Key": KEY, "UpdateExpression": "SET n n"}),
        ("Query", {**of, "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "1"}}}),
        ("Query", {**of, "KeyConditionExpression": "x = :i", "ExpressionAttributeValues": {":i": {"S": "1"}}}),
        (
            "BatchWriteItem",
            {"RequestItems": {table: [{"PutRequest": {"Item": {"id": {"S": str(n)}}}} for n in range(5)]}},
        ),
        ("BatchGetItem", {"RequestItems": {table: {"Keys": [{"id": {"S": "2"}}, {"id": {"S": "9"}}]}}}),
        ("Scan", {**of, "Limit": 2}),
        ("Scan", {**of, "Select": "COUNT"}),
        ("Scan", {**of, "FilterExpression": "attribute_exists(n)", "ReturnConsumedCapacity": "TOTAL"}),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {**of, "Item": {"id": {"S": "t"}}}}, {"Delete": {**of, "Key": KEY}}]},
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {**of, "Item": {"id": {"S": "t"}}, "ConditionExpression": NEW}}]},
        ),
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {**of, "Key": {"id": {"S": "t"}}}}, {"Get": {**of, "Key": KEY}}]},
        ),
        ("DeleteItem", {**of, "Key": {"id": {"S": "t"}}, "ReturnValues": "ALL_OLD"}),
        ("DeleteItem", {**of, "Key": {"id": {"S": "t"}}}),
        ("ListTables", {"Limit": 1}),
        ("DescribeLimits", {}),
        ("NoSuchOperation", {}),
    ]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Port:
    """One way to DynamoDB."""

    port: int

    def send(self, operation: str, body: bytes, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        sent = {
            "Authorization": SCOPE.format(key="000000000000", region="us-east-1"),
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection.request("POST", "/", body, sent)
        response = connection.getresponse()
        answered = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answered

    def ask(self, operation: str, parameters: Parameters, **headers: str) -> Answer:
        return self.send(operation, json.dumps(parameters).encode(), **headers)


@pytest.fixture(scope="module")
def ways(engine: Engine) -> tuple[Port, Port]:
    """LocalStack's gateway, and the port of its own."""
    config = EdgeConfig.read(Home(engine.settings.state_dir / "engine").folder / "edge.json")
    status = requests.get(f"{engine.endpoint_url}/_windtunnel/status", timeout=5).json()
    return Port(config.backplane_port), Port(status["dynamodb_port"])


@pytest.fixture
def make_table(engine: Engine) -> Iterator[Callable[..., str]]:
    client, made = engine.client("dynamodb"), []

    def make(**options: Any) -> str:
        name = f"own-port-{uuid4().hex[:8]}"
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **options,
        )
        made.append(name)
        return name

    yield make
    for name in made:
        client.delete_table(TableName=name)


def comparable(answer: Answer, table: str) -> tuple[int, dict[str, str], Any]:
    """What must not differ: all but what is each answer's own, and the table's name."""
    own = ("date", "server", "content-length", "x-amzn-requestid", "x-amz-crc32")
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    return answer.status, headers, json.loads(answer.body.replace(table.encode(), b"T"))


def test_every_call_is_answered_as_through_the_gateway(ways: tuple[Port, Port], make_table: Callable[..., str]) -> None:
    answers = []
    for way in ways:
        table = make_table()
        answers.append([comparable(way.ask(*call), table) for call in calls(table)])

    gateway, own = answers
    for (operation, parameters), expected, found in zip(calls("T"), gateway, own, strict=True):
        if operation == "ListTables":
            assert found[:2] == expected[:2], (operation, parameters)
        else:
            assert found == expected, (operation, parameters)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{not json", {}),
        (b"[]", {}),
        (b"", {}),
        (b"{}", {"Authorization": "none"}),
        (b"{}", {"Origin": "http://elsewhere.example"}),
        (b'{"TableName": "absent", "Key": {"id": {"S": "1"}}}', {"Content-Type": "application/x-amz-json-1.1"}),
    ],
)
def test_what_is_no_usual_call_is_answered_as_through_the_gateway(
    ways: tuple[Port, Port], body: bytes, headers: dict[str, str]
) -> None:
    gateway, own = (way.send("GetItem", body, **{k.replace("-", "_"): v for k, v in headers.items()}) for way in ways)

    assert (own.status, own.body) == (gateway.status, gateway.body)


def test_answers_have_an_identifier_and_a_checksum(ways: tuple[Port, Port], make_table: Callable[..., str]) -> None:
    # source: Amazon DynamoDB Developer Guide, "DynamoDB low-level API": "x-amzn-RequestId", "x-amz-crc32"
    own, table = ways[1], make_table()

    answers = [own.ask("GetItem", {"TableName": table, "Key": key}) for key in (KEY, {"x": {"S": "no key"}})]

    assert [answer.status for answer in answers] == [200, 400]
    assert [int(answer.headers["x-amz-crc32"]) for answer in answers] == [zlib.crc32(a.body) for a in answers]
    assert len({answer.headers["x-amzn-requestid"] for answer in answers}) == 2


def test_account_and_region_are_those_that_signed(engine: Engine, ways: tuple[Port, Port]) -> None:
    own = ways[1]

    def tables(key: str, region: str) -> Any:
        signed = {"Authorization": SCOPE.format(key=key, region=region)}
        described = own.ask("PutItem", {"TableName": "mine", "Item": KEY}, **signed)
        return described.status

    for account, region in (("111111111111", "us-east-1"), ("000000000000", "eu-west-1")):
        client = boto3.client(
            "dynamodb",
            endpoint_url=engine.endpoint_url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )
        client.create_table(
            TableName="mine",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    assumed = engine.client("sts").assume_role(
        RoleArn="arn:aws:iam::111111111111:role/of-another-account", RoleSessionName="test"
    )["Credentials"]["AccessKeyId"]

    found = {
        (key[:12], region): tables(key, region)
        for key in ("000000000000", "111111111111", assumed)
        for region in ("us-east-1", "eu-west-1")
    }

    assert found == {
        ("000000000000", "us-east-1"): 400,
        ("000000000000", "eu-west-1"): 200,
        ("111111111111", "us-east-1"): 200,
        ("111111111111", "eu-west-1"): 400,
        (assumed[:12], "us-east-1"): 200,
        (assumed[:12], "eu-west-1"): 400,
    }


def test_no_change_gets_lost_between_two_ways(ways: tuple[Port, Port], make_table: Callable[..., str]) -> None:
    # source: Amazon DynamoDB Developer Guide, "Atomic counters": "All write requests are applied in the order in
    # which they are received"
    table = make_table()
    ways[1].ask("PutItem", {"TableName": table, "Item": {**KEY, "n": {"N": "0"}}})

    def count(way: Port) -> None:
        for _ in range(40):
            way.ask("UpdateItem", {"TableName": table, "Key": KEY, **BUMP})

    threads = [threading.Thread(target=count, args=(way,)) for way in ways * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    answer = json.loads(ways[1].ask("GetItem", {"TableName": table, "Key": KEY}).body)
    assert answer["Item"]["n"] == {"N": "160"}


def test_a_long_body_comes_and_goes_whole(ways: tuple[Port, Port], make_table: Callable[..., str]) -> None:
    table, text = make_table(), "x" * 390_000

    ways[1].ask("PutItem", {"TableName": table, "Item": {**KEY, "text": {"S": text}}})
    answer = json.loads(ways[1].ask("GetItem", {"TableName": table, "Key": KEY}).body)

    assert answer["Item"]["text"] == {"S": text}


def test_writes_reach_a_function_through_the_tables_stream(engine: Engine, make_table: Callable[..., str]) -> None:
    table = make_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    echo = make_table()
    dynamodb, functions = engine.client("dynamodb"), engine.client("lambda")
    name = f"follow-{uuid4().hex[:8]}"
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/follow",
        Code={"ZipFile": zipped(FOLLOW)},
        Timeout=20,
        Environment={"Variables": {"TABLE": echo}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    mapping = functions.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=10
    )

    dynamodb.put_item(TableName=table, Item={"id": {"S": "seen"}})
    found = eventually(lambda: dynamodb.scan(TableName=echo)["Items"], seconds=30)
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    functions.delete_function(FunctionName=name)

    assert [item["id"]["S"] for item in found] == ["INSERT seen"]


FOLLOW = """
import os, boto3
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
def handler(event, context):
    for record in event["Records"]:
        table.put_item(Item={"id": record["eventName"] + " " + record["dynamodb"]["Keys"]["id"]["S"]})
"""


def zipped(source: str) -> bytes:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", source)
    return content.getvalue()


def eventually(probe: Callable[[], Any], *, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while not (found := probe()) and time.monotonic() < end:
        time.sleep(0.1)
    return found
