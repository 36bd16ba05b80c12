"""DynamoDB in the engine: CloudFormation makes and changes tables, streams reach functions, items expire."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from windtunnel.engines.waiting import wait_until
from windtunnel.load.collect import consumed_capacity, read_counted
from windtunnel.testing.plugin import Engine

ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture
def name() -> str:
    return f"dynamodb-{uuid4().hex[:8]}"


@pytest.fixture
def stack(engine: Engine, name: str) -> Iterator[Stack]:
    there = Stack(engine, name)
    yield there
    there.delete()


class Stack:
    """A stack of one table, `Table`, deployed as often as wanted."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.cloudformation = engine.client("cloudformation")
        self.name = name
        self.there = False

    def deploy(self, kind: str, **properties: Any) -> dict[str, str]:
        """Its outputs."""
        template: dict[str, Any] = {
            "Resources": {"Table": {"Type": kind, "Properties": properties}},
            "Outputs": {
                "Name": {"Value": {"Ref": "Table"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}},
            },
        }
        if "StreamSpecification" in properties:
            template["Outputs"]["StreamArn"] = {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}}
        call = self.cloudformation.update_stack if self.there else self.cloudformation.create_stack
        call(StackName=self.name, TemplateBody=json.dumps(template))
        waiter = "stack_update_complete" if self.there else "stack_create_complete"
        self.there = True
        self.cloudformation.get_waiter(waiter).wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        (described,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


KEY = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
INDEX = {
    "IndexName": "by-team",
    "KeySchema": [{"AttributeName": "team", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
TEAM = {"AttributeName": "team", "AttributeType": "S"}


def test_cloudformation_makes_a_table_with_all_that_the_template_says(engine: Engine, stack: Stack) -> None:
    outputs = stack.deploy(
        "AWS::DynamoDB::Table",
        **KEY,
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        SSESpecification={"SSEEnabled": True},
        TableClass="STANDARD_INFREQUENT_ACCESS",
        Tags=[{"Key": "team", "Value": "blue"}],
    )

    client = engine.client("dynamodb")
    table = client.describe_table(TableName=outputs["Name"])["Table"]
    assert (outputs["Arn"], outputs["StreamArn"]) == (table["TableArn"], table["LatestStreamArn"])
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    expiry = client.describe_time_to_live(TableName=outputs["Name"])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = client.describe_continuous_backups(TableName=outputs["Name"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert {"Key": "team", "Value": "blue"} in client.list_tags_of_resource(ResourceArn=outputs["Arn"])["Tags"]


def test_cloudformation_changes_a_table_and_keeps_its_items(engine: Engine, stack: Stack) -> None:
    client = engine.client("dynamodb")
    before = stack.deploy("AWS::DynamoDB::Table", **KEY, BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName=before["Name"], Item={"id": {"S": "1"}, "team": {"S": "blue"}})

    after = stack.deploy(
        "AWS::DynamoDB::Table",
        AttributeDefinitions=[*KEY["AttributeDefinitions"], TEAM],
        KeySchema=KEY["KeySchema"],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[INDEX],
        StreamSpecification={"StreamViewType": "KEYS_ONLY"},
        TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
        Tags=[{"Key": "team", "Value": "red"}],
    )

    assert after["Name"] == before["Name"]
    found = client.query(
        TableName=after["Name"],
        IndexName="by-team",
        KeyConditionExpression="team = :t",
        ExpressionAttributeValues={":t": {"S": "blue"}},
    )
    assert found["Count"] == 1
    assert client.describe_time_to_live(TableName=after["Name"])["TimeToLiveDescription"]["AttributeName"] == "expires"
    assert after["StreamArn"].startswith(after["Arn"])
    assert {"Key": "team", "Value": "red"} in client.list_tags_of_resource(ResourceArn=after["Arn"])["Tags"]

    stack.deploy("AWS::DynamoDB::Table", **KEY, BillingMode="PAY_PER_REQUEST")
    table = client.describe_table(TableName=after["Name"])["Table"]
    assert "GlobalSecondaryIndexes" not in table
    assert "StreamSpecification" not in table
    expiry = client.describe_time_to_live(TableName=after["Name"])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "DISABLED"}


def test_cloudformation_replaces_a_table_of_another_key(engine: Engine, stack: Stack) -> None:
    client = engine.client("dynamodb")
    before = stack.deploy("AWS::DynamoDB::Table", **KEY, BillingMode="PAY_PER_REQUEST")

    after = stack.deploy(
        "AWS::DynamoDB::Table",
        AttributeDefinitions=[TEAM],
        KeySchema=[{"AttributeName": "team", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    assert after["Name"] != before["Name"]
    assert client.describe_table(TableName=after["Name"])["Table"]["KeySchema"][0]["AttributeName"] == "team"
    assert before["Name"] not in client.list_tables()["TableNames"]


def test_cloudformation_makes_a_global_table_of_this_region(engine: Engine, stack: Stack) -> None:
    outputs = stack.deploy(
        "AWS::DynamoDB::GlobalTable",
        **KEY,
        BillingMode="PAY_PER_REQUEST",
        Replicas=[{"Region": engine.region, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}],
    )

    client = engine.client("dynamodb")
    assert client.describe_table(TableName=outputs["Name"])["Table"]["TableStatus"] == "ACTIVE"
    backups = client.describe_continuous_backups(TableName=outputs["Name"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


# --- streams to functions -----------------------------------------------------------------------------------------

HANDLER = """
import boto3

def handler(event, context):
    table = boto3.resource("dynamodb").Table("{seen}")
    for record in event["Records"]:
        change = record["dynamodb"]
        name = change["Keys"]["id"]["S"]
        if name == "poison" and not table.get_item(Key={{"id": "poison"}}).get("Item"):
            table.put_item(Item={{"id": "poison", "event": "FAILED"}})
            return {{"batchItemFailures": [{{"itemIdentifier": change["SequenceNumber"]}}]}}
        identity = record.get("userIdentity", {{}})
        item = {{"id": record["eventName"] + " " + name, "source": record["eventSourceARN"]}}
        if identity:
            item["principal"] = identity["principalId"]
        table.put_item(Item=item)
"""


def archive(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("index.py", source)
    return file.getvalue()


@pytest.fixture
def watched(engine: Engine, name: str) -> Iterator[Watched]:
    there = Watched(engine, name)
    yield there
    there.delete()


class Watched:
    """A table whose stream goes to a function, which notes what it sees in another."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.client, self.functions = engine.client("dynamodb"), engine.client("lambda")
        self.name, self.seen_name = name, f"{name}-seen"
        self.client.create_table(TableName=self.seen_name, **KEY, BillingMode="PAY_PER_REQUEST")
        told = self.client.create_table(
            TableName=name,
            **KEY,
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        self.stream = told["LatestStreamArn"]
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": archive(HANDLER.format(seen=self.seen_name))},
        )
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def map(self, **options: Any) -> None:
        mapping = self.functions.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.stream, StartingPosition="TRIM_HORIZON", **options
        )["UUID"]
        wait_until(
            lambda: self.functions.get_event_source_mapping(UUID=mapping)["State"] == "Enabled" or None,
            what="the mapping",
            timeout=30,
        )
        self.mapping = mapping

    def put(self, identifier: str, **more: Any) -> None:
        self.client.put_item(TableName=self.name, Item={"id": {"S": identifier}, **more})

    def seen(self) -> dict[str, Any]:
        return {item["id"]["S"]: item for item in self.client.scan(TableName=self.seen_name)["Items"]}

    def wait_for(self, *names: str) -> dict[str, Any]:
        return wait_until(
            lambda: seen if set(names) <= (seen := self.seen()).keys() else None,
            what=f"{names} in what the function saw",
            timeout=60,
            evidence=lambda: str(self.seen()),
        )

    def delete(self) -> None:
        self.functions.delete_event_source_mapping(UUID=self.mapping)
        self.functions.delete_function(FunctionName=self.name)
        self.client.delete_table(TableName=self.name)
        self.client.delete_table(TableName=self.seen_name)


def test_changes_reach_a_function_through_its_filter(watched: Watched) -> None:
    only = {"Filters": [{"Pattern": json.dumps({"dynamodb": {"NewImage": {"kind": {"S": ["wanted"]}}}})}]}
    watched.map(FilterCriteria=only)

    watched.put("1", kind={"S": "other"})
    watched.put("2", kind={"S": "wanted"})

    seen = watched.wait_for("INSERT 2")
    assert seen.keys() == {"INSERT 2"}
    assert seen["INSERT 2"]["source"]["S"] == watched.stream


def test_a_part_of_a_batch_that_failed_comes_again(watched: Watched) -> None:
    watched.map(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=5)

    for identifier in ("before", "poison", "after"):
        watched.put(identifier)

    seen = watched.wait_for("INSERT before", "poison", "INSERT poison", "INSERT after")
    assert len(seen) == 4


def test_an_expired_item_is_seen_as_the_services_doing(watched: Watched) -> None:
    watched.client.update_time_to_live(
        TableName=watched.name, TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
    )
    watched.map()

    watched.put("short-lived", expires={"N": str(int(time.time()) + 1)})

    seen = watched.wait_for("INSERT short-lived", "REMOVE short-lived")
    assert "principal" not in seen["INSERT short-lived"]
    assert seen["REMOVE short-lived"]["principal"]["S"] == "dynamodb.amazonaws.com"
    assert watched.client.scan(TableName=watched.name)["Count"] == 0


def test_cloudwatch_has_the_units_that_the_answers_told(engine: Engine, name: str) -> None:
    dynamodb, cloudwatch = engine.client("dynamodb"), engine.client("cloudwatch")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[*KEY["AttributeDefinitions"], TEAM],
        KeySchema=KEY["KeySchema"],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[INDEX],
    )
    began, told = time.time(), dict.fromkeys(("read", "write", "index"), 0.0)
    for number in range(5):
        item = {"id": {"S": str(number)}, "team": {"S": "a"}, "text": {"S": "x" * 700 * number}}
        put = dynamodb.put_item(TableName=name, Item=item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
        got = dynamodb.get_item(TableName=name, Key={"id": item["id"]}, ReturnConsumedCapacity="TOTAL")
        told["read"] += got["ConsumedCapacity"]["CapacityUnits"]
        told["write"] += put["Table"]["CapacityUnits"]
        told["index"] += put["GlobalSecondaryIndexes"]["by-team"]["CapacityUnits"]

    def summed(metric: str, statistic: str = "Sum", **dimensions: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in {"TableName": name, **dimensions}.items()],
            StartTime=began,
            EndTime=time.time() + 60,
            Period=60,
            Statistics=[statistic],
            Unit="Milliseconds" if metric == "SuccessfulRequestLatency" else "Count",
        )["Datapoints"]
        return sum(float(point[statistic]) for point in points)

    wait_until(
        lambda: True if summed("ConsumedReadCapacityUnits") >= told["read"] else None,
        what="the units in CloudWatch",
        timeout=30,
        interval=0.5,
    )
    assert summed("ConsumedReadCapacityUnits") == told["read"] == 2.5
    assert summed("ConsumedWriteCapacityUnits") == told["write"] == 1 + 1 + 2 + 3 + 3
    assert summed("ConsumedWriteCapacityUnits", GlobalSecondaryIndexName="by-team") == told["index"] == told["write"]
    (found,) = consumed_capacity(engine.client, (name,), began, time.time())
    assert (found.read_units, found.write_units) == (told["read"], told["write"] + told["index"])
    assert summed("SuccessfulRequestLatency", "SampleCount", Operation="PutItem") == 5
    assert summed("SuccessfulRequestLatency", Operation="GetItem") > 0
    dynamodb.delete_table(TableName=name)


def test_units_in_all_are_read_through_the_edge(engine: Engine, name: str) -> None:
    dynamodb = engine.client("dynamodb")
    dynamodb.create_table(TableName=name, **KEY, BillingMode="PAY_PER_REQUEST")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})

    counted = read_counted(engine.harness.engine, engine.settings.account, engine.settings.region)

    assert counted is not None
    assert counted.tables[name] == (0, 1, 0)
    without_token = requests.get(f"{engine.settings.endpoint_url}/_windtunnel/dynamodb/consumed", timeout=10)
    assert without_token.status_code == 403
    dynamodb.delete_table(TableName=name)
