"""Backups: CreateBackup, DescribeBackup, ListBackups, DeleteBackup, RestoreTableFromBackup. Messages: ack-api-quirks,
DDB-TABLE-100, 280, 442."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def test_a_backup_is_the_table_of_its_moment(dynamodb: Any, make_table: MakeTable) -> None:
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "team")]
    index = {
        "IndexName": "by-team",
        "KeySchema": [{"AttributeName": "team", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    name = make_table(
        AttributeDefinitions=definitions,
        GlobalSecondaryIndexes=[index],
        StreamSpecification=STREAM,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}, "team": {"S": "x"}})

    made = dynamodb.create_backup(TableName=name, BackupName="first")["BackupDetails"]
    dynamodb.put_item(TableName=name, Item={"id": {"S": "2"}, "team": {"S": "x"}})
    told = dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=made["BackupArn"])

    assert (made["BackupName"], made["BackupStatus"], made["BackupType"]) == ("first", "AVAILABLE", "USER")
    assert dynamodb.scan(TableName="restored")["Items"] == [{"id": {"S": "1"}, "team": {"S": "x"}}]
    found = dynamodb.query(
        TableName="restored",
        IndexName="by-team",
        KeyConditionExpression="team = :t",
        ExpressionAttributeValues={":t": {"S": "x"}},
    )
    assert found["Count"] == 1
    # Developer Guide, "Restoring a table from a backup": tags, streams and more are set up anew by hand
    restored = told["TableDescription"]
    assert "LatestStreamArn" not in restored
    assert dynamodb.list_tags_of_resource(ResourceArn=restored["TableArn"])["Tags"] == []
    assert restored["RestoreSummary"]["SourceBackupArn"] == made["BackupArn"]
    # recorded: dynamodb-conformance, tests/tier2/backups/onDemand.test.ts
    assert restored["RestoreSummary"]["RestoreInProgress"] is True
    settled = dynamodb.describe_table(TableName="restored")["Table"]
    assert (settled["TableStatus"], settled["RestoreSummary"]["RestoreInProgress"]) == ("ACTIVE", False)
    assert restored["GlobalSecondaryIndexes"][0]["IndexArn"] == restored["TableArn"] + "/index/by-team"


def test_a_backup_outlives_its_table(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})
    arn = dynamodb.create_backup(TableName=name, BackupName="first")["BackupDetails"]["BackupArn"]

    dynamodb.delete_table(TableName=name)

    source = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]
    assert (source["TableName"], source["ItemCount"], source["BillingMode"]) == (name, 1, "PAY_PER_REQUEST")
    dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=arn)
    assert dynamodb.scan(TableName=name)["Count"] == 1


def test_lists_by_table_and_in_pages(dynamodb: Any, make_table: MakeTable) -> None:
    one, other = make_table(), make_table()
    for number in range(3):
        dynamodb.create_backup(TableName=one, BackupName=f"backup-{number}")
    dynamodb.create_backup(TableName=other, BackupName="of-another")

    pages = dynamodb.get_paginator("list_backups").paginate(TableName=one, PaginationConfig={"PageSize": 2})

    names = [summary["BackupName"] for page in pages for summary in page["BackupSummaries"]]
    assert names == ["backup-0", "backup-1", "backup-2"]
    assert len(dynamodb.list_backups()["BackupSummaries"]) == 4


def test_deletes(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.create_backup(TableName=make_table(), BackupName="first")["BackupDetails"]["BackupArn"]

    told = dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]

    assert told["BackupDetails"]["BackupStatus"] == "DELETED"
    missing = ("BackupNotFoundException", f"Backup not found: {arn}")
    assert refused(dynamodb.describe_backup, BackupArn=arn) == missing
    assert refused(dynamodb.restore_table_from_backup, BackupArn=arn, TargetTableName="abc") == missing


def test_restores_to_no_table_that_is_there(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()
    arn = dynamodb.create_backup(TableName=name, BackupName="first")["BackupDetails"]["BackupArn"]

    error = refused(dynamodb.restore_table_from_backup, BackupArn=arn, TargetTableName=name)

    assert error == ("TableAlreadyExistsException", f"Table already exists: {name}")


def test_restores_with_other_billing(dynamodb: Any, make_table: MakeTable) -> None:
    arn = dynamodb.create_backup(TableName=make_table(), BackupName="first")["BackupDetails"]["BackupArn"]

    told = dynamodb.restore_table_from_backup(
        BackupArn=arn,
        TargetTableName="abc",
        BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
    )["TableDescription"]

    assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
    assert "BillingModeSummary" not in told


def test_backs_up_no_other_table(dynamodb: Any, refused: Refused) -> None:
    error = refused(dynamodb.create_backup, TableName="nothere", BackupName="first")

    assert error == ("TableNotFoundException", "Table not found: nothere")
