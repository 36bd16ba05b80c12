"""UpdateContinuousBackups, DescribeContinuousBackups, RestoreTableToPointInTime. Shapes: LocalStack's snapshot
(test_continuous_backup_update); order and messages: ack-api-quirks, DDB-TABLE-100 and 442."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def enable(dynamodb: Any, name: str, enabled: bool = True) -> dict[str, Any]:
    answer: dict[str, Any] = dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
    )["ContinuousBackupsDescription"]
    return answer


def test_tells_how_far_back_a_table_can_be_restored(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    off = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }
    assert dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"] == off

    enable(dynamodb, name)

    told = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = told["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert recovery["RecoveryPeriodInDays"] == 35
    assert recovery["EarliestRestorableDateTime"] <= recovery["LatestRestorableDateTime"]
    assert enable(dynamodb, name, enabled=False) == off


def test_restores_the_latest(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    enable(dynamodb, name)
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})

    told = dynamodb.restore_table_to_point_in_time(
        SourceTableName=name, TargetTableName="restored", UseLatestRestorableTime=True
    )["TableDescription"]

    assert told["RestoreSummary"]["SourceTableArn"].endswith(f"/{name}")
    assert dynamodb.scan(TableName="restored")["Items"] == [{"id": {"S": "1"}}]


def test_looks_at_the_source_recovery_time_and_target_in_this_order(
    dynamodb: Any, make_table: MakeTable, refused: Refused
) -> None:
    name = make_table()
    latest = {"TargetTableName": name, "UseLatestRestorableTime": True}

    def answer(source: str, **more: Any) -> tuple[str, str]:
        return refused(dynamodb.restore_table_to_point_in_time, SourceTableName=source, **more)

    either = "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
    assert answer("nothere", TargetTableName=name) == ("ValidationException", either)
    assert answer("nothere", **latest) == ("TableNotFoundException", "Table not found: nothere")
    unavailable = f"Point in time recovery is not enabled for table '{name}'"
    assert answer(name, **latest) == ("PointInTimeRecoveryUnavailableException", unavailable)
    enable(dynamodb, name)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    error = answer(name, TargetTableName=name, RestoreDateTime=long_ago)
    assert error[0] == "InvalidRestoreTimeException"
    assert error[1].startswith("RestoreDateTime '2020-01-01T00:00:00Z' must be within EarliestRestorableDateTime '")
    assert answer(name, **latest) == ("TableAlreadyExistsException", f"Table already exists: {name}")


def test_knows_no_other_table(dynamodb: Any, refused: Refused) -> None:
    error = refused(dynamodb.describe_continuous_backups, TableName="nothere")

    assert error == ("TableNotFoundException", "Table not found: nothere")
