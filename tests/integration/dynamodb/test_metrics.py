"""What the server counts of requests is what it tells of them: ReturnConsumedCapacity and the metrics are one figure.

Rules: DynamoDB Developer Guide, "DynamoDB metrics and dimensions" and "DynamoDB read and write operations".
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.dynamodb.conftest import client, serving
from tests.integration.dynamodb.things import MakeTable, make_things, strings

from windtunnel.dynamodb.true_to_life import TrueToLife

READS, WRITES = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"


def ask(endpoint: str, method: str, path: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{endpoint}/_windtunnel/dynamodb/{path}", method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer: dict[str, Any] = json.loads(reply.read())
        return answer


class Counted:
    """What was counted for an account since the last look: the sums of values, and how many there were."""

    def __init__(self, endpoint: str, account: str) -> None:
        self._endpoint, self._account = endpoint, account

    def __call__(self) -> dict[tuple[str, ...], tuple[float, int]]:
        found: dict[tuple[str, ...], tuple[float, int]] = {}
        while batch := ask(self._endpoint, "GET", "metrics"):
            for metric in batch["metrics"]:
                if metric["account"] == self._account:
                    key = (metric["name"], *metric["dimensions"].values())
                    total, number = found.get(key, (0.0, 0))
                    pairs = list(zip(metric["values"], metric["counts"], strict=True))
                    found[key] = total + sum(v * n for v, n in pairs), number + sum(n for _, n in pairs)
            ask(self._endpoint, "DELETE", f"metrics/{batch['id']}")
        return found


@pytest.fixture
def counted(endpoint: str, account: str) -> Counted:
    return Counted(endpoint, account)


def told(answers: list[dict[str, Any]], kind: str) -> dict[tuple[str, ...], float]:
    """The units that answers tell of, by the metric that they belong to."""
    found: dict[tuple[str, ...], float] = {}

    def add(key: tuple[str, ...], units: float) -> None:
        if units:
            found[key] = found.get(key, 0) + units

    for answer in answers:
        each = answer["ConsumedCapacity"]
        for entry in each if isinstance(each, list) else [each]:
            name = entry["TableName"]
            add((kind, name), entry["Table"]["CapacityUnits"])
            for used in entry.get("LocalSecondaryIndexes", {}).values():
                add((kind, name), used["CapacityUnits"])
            for index, used in entry.get("GlobalSecondaryIndexes", {}).items():
                add((kind, name, index), used["CapacityUnits"])
    return found


def units(counts: dict[tuple[str, ...], tuple[float, int]]) -> dict[tuple[str, ...], float]:
    return {key: total for key, (total, _) in counts.items() if key[0] in (READS, WRITES)}


def test_every_operation_counts_what_it_tells(dynamodb: Any, make_table: MakeTable, counted: Counted) -> None:
    table, other = make_things(make_table), make_table()
    asking = {"ReturnConsumedCapacity": "INDEXES"}
    big = strings(id="1", sort="1", at="x", size="s", kind="k", owner="me", name="n", text="x" * 5000)
    key = strings(id="1", sort="1")
    moved: dict[str, Any] = {
        "UpdateExpression": "SET #o = :o",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": {"S": "you"}},
    }
    gets = [{"Get": {"TableName": table, "Key": key}}, {"Get": {"TableName": other, "Key": strings(id="1")}}]
    put = {"Put": {"TableName": other, "Item": strings(id="2", text="x" * 2000)}}
    check = {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": "attribute_exists(id)"}}
    batch = {
        table: [{"PutRequest": {"Item": {**big, **strings(sort="2")}}}],
        other: [{"DeleteRequest": {"Key": strings(id="9")}}],
    }
    statements = [{"Statement": f"INSERT INTO \"{other}\" VALUE {{'id': '{n}'}}"} for n in range(20, 22)]
    counted()

    writes = [
        dynamodb.put_item(TableName=table, Item=big, **asking),
        dynamodb.put_item(TableName=table, Item=big, **asking),
        dynamodb.update_item(TableName=table, Key=key, **moved, **asking),
        dynamodb.batch_write_item(RequestItems=batch, **asking),
        dynamodb.transact_write_items(TransactItems=[put, check], **asking),
        dynamodb.execute_statement(Statement=f"INSERT INTO \"{other}\" VALUE {{'id': '10'}}", **asking),
        dynamodb.batch_execute_statement(Statements=statements, **asking),
        dynamodb.execute_transaction(
            TransactStatements=[{"Statement": f"UPDATE \"{other}\" SET a = 'b' WHERE id = '10'"}], **asking
        ),
        dynamodb.delete_item(TableName=table, Key=key, **asking),
    ]
    written = counted()
    query = {"KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "1"}}}
    by_kind: dict[str, Any] = {
        "IndexName": "by-kind",
        "KeyConditionExpression": "kind = :k",
        "ExpressionAttributeValues": {":k": {"S": "k"}},
    }
    by_size = {**query, "IndexName": "by-size"}
    reads = [
        dynamodb.get_item(TableName=table, Key=strings(id="1", sort="2"), **asking),
        dynamodb.get_item(TableName=table, Key=strings(id="1", sort="2"), ConsistentRead=True, **asking),
        dynamodb.batch_get_item(
            RequestItems={table: {"Keys": [key, strings(id="1", sort="2")]}, other: {"Keys": [strings(id="2")]}},
            **asking,
        ),
        dynamodb.transact_get_items(TransactItems=gets, **asking),
        dynamodb.query(TableName=table, **query, **asking),
        dynamodb.query(TableName=table, **by_kind, **asking),
        dynamodb.query(TableName=table, **by_size, Select="ALL_ATTRIBUTES", **asking),
        dynamodb.scan(TableName=other, ConsistentRead=True, **asking),
        dynamodb.execute_statement(Statement=f"SELECT * FROM \"{other}\" WHERE id = '2'", **asking),
    ]
    read = counted()

    assert units(written) == told(writes, WRITES)
    assert units(read) == told(reads, READS)
    assert read["ReturnedItemCount", table, "Query"] == (3, 3)
    assert read["ReturnedItemCount", other, "Scan"] == (4, 1)
    assert read["ReturnedItemCount", other, "ExecuteStatement"] == (1, 1)
    times = {key[1:]: number for key, (_, number) in read.items() if key[0] == "SuccessfulRequestLatency"}
    assert times[table, "GetItem"] == 2
    assert times[table, "BatchGetItem"] == times[other, "BatchGetItem"] == 1


def test_nobody_has_to_ask(dynamodb: Any, make_table: MakeTable, counted: Counted) -> None:
    table = make_table()
    counted()

    dynamodb.put_item(TableName=table, Item=strings(id="1", text="x" * 1500))
    dynamodb.get_item(TableName=table, Key=strings(id="1"))

    found = counted()
    assert found[WRITES, table] == (2, 1)
    assert found[READS, table] == (0.5, 1)


def test_a_failed_condition_consumes_by_the_larger_item(dynamodb: Any, make_table: MakeTable, counted: Counted) -> None:
    # "DynamoDB read and write operations": "an existing item is 300 KB. The new item ... is 310 KB": those 310 KB
    table = make_table()
    dynamodb.put_item(TableName=table, Item=strings(id="1", text="x" * 2000))
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
    counted()

    def refused(call: Callable[..., Any], **parameters: Any) -> None:
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            call(TableName=table, **parameters)

    refused(dynamodb.put_item, Item=strings(id="1", text="x" * 3500), **condition)
    refused(dynamodb.delete_item, Key=strings(id="1"), **condition)
    refused(dynamodb.delete_item, Key=strings(id="2"), ConditionExpression="attribute_exists(id)")
    longer: dict[str, Any] = {
        "UpdateExpression": "SET more = :m",
        "ExpressionAttributeValues": {":m": {"S": "y" * 3000}},
    }
    refused(dynamodb.update_item, Key=strings(id="1"), **longer, **condition)
    refused(dynamodb.update_item, Key=strings(id="2"), **longer, ConditionExpression="attribute_exists(id)")
    # what cannot be made of the item that is there counts nothing
    wrong: dict[str, Any] = {"UpdateExpression": "ADD #t :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    refused(dynamodb.update_item, Key=strings(id="1"), **wrong, ExpressionAttributeNames={"#t": "text"}, **condition)

    found = counted()
    assert found[WRITES, table] == (4 + 2 + 1 + 5 + 3 + 2, 6)
    assert found["ConditionalCheckFailedRequests", table] == (6, 6)
    assert ("UserErrors",) not in found


def test_refused_requests_are_user_errors_of_the_account(
    dynamodb: Any, make_table: MakeTable, counted: Counted
) -> None:
    table = make_table()
    counted()

    for parameters in ({"TableName": "nowhere", "Key": strings(id="1")}, {"TableName": table, "Key": {}}):
        with pytest.raises(ClientError):
            dynamodb.get_item(**parameters)

    assert counted() == {("UserErrors",): (2, 2)}


def test_a_request_that_only_measures_is_not_counted(
    dynamodb: Any, endpoint: str, account: str, make_table: MakeTable, counted: Counted
) -> None:
    table = make_table()
    counted()

    for body in ({"TableName": table, "Key": strings(id="1")}, {"TableName": table, "Key": {}}):
        headers = {
            "X-Amz-Target": "DynamoDB_20120810.GetItem",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Windtunnel-Uncounted": "probe",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(endpoint, json.dumps(body).encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            assert not body["Key"]
            error.close()

    assert counted() == {}


@pytest.fixture
def throttling(account: str) -> Iterator[tuple[Any, Counted]]:
    with serving(TrueToLife(throughput=True)) as url:
        made = client("dynamodb", url, account)
        yield made, Counted(url, account)
        made.close()


def test_throttled_requests_are_counted_and_consume_nothing(throttling: tuple[Any, Counted]) -> None:
    dynamodb, counted = throttling
    dynamodb.create_table(
        TableName="slow",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    item = strings(id="1", text="x" * 250_000)
    dynamodb.put_item(TableName="slow", Item=item)  # 245 of the 300 units that a burst may take
    counted()

    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        dynamodb.put_item(TableName="slow", Item=item)

    found = counted()
    assert found == {("WriteThrottleEvents", "slow"): (1, 1), ("ThrottledRequests", "slow", "PutItem"): (1, 1)}


def test_units_in_all_are_told_by_table(
    endpoint: str, dynamodb: Any, account: str, make_table: MakeTable, counted: Counted
) -> None:
    table = make_things(make_table)
    item = strings(id="1", sort="1", owner="me")

    dynamodb.put_item(TableName=table, Item=item)
    first = ask(endpoint, "GET", "consumed")
    counted()  # what is handed on is in it all the same
    dynamodb.get_item(TableName=table, Key=strings(id="1", sort="1"))
    second = ask(endpoint, "GET", "consumed")

    def mine(document: dict[str, Any]) -> list[dict[str, Any]]:
        return [entry for entry in document["tables"] if entry["account"] == account]

    common = {"account": account, "region": "us-east-1", "table": table, "throttled": 0}
    assert mine(first) == [{**common, "read_units": 0, "write_units": 2}]
    assert mine(second) == [{**common, "read_units": 0.5, "write_units": 2}]
    assert first["since"] == second["since"]
