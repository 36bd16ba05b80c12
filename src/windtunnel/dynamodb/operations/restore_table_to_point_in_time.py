"""RestoreTableToPointInTime.

Order and messages: ack-api-quirks, DDB-TABLE-100, recorded: the form of the request, the source, whether recovery is
on, the time, the target.
"""

from __future__ import annotations

from datetime import UTC, datetime

from windtunnel.dynamodb.backups import earliest_restorable, table_of
from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.restore import free_target, restored_table, told_restore
from windtunnel.dynamodb.table import Table


def restore_table_to_point_in_time(call: Call) -> Answer:
    time = _asked_time(call)
    parameters = call.parameters
    source = table_of(call, parameters.get("SourceTableArn") or parameters["SourceTableName"])
    if not source.history:
        raise DynamoDBError(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{source.name}'",
        )
    _require_reach(call, source, time)
    name = free_target(call)
    document = restored_table(call, source.document["Table"], name, {"SourceTableArn": source.arn}, time)
    with call.store.transaction():
        table = call.store.create_table(call.account, call.region, document)
        call.store.restore_history(source, time, table)
    return {"TableDescription": told_restore(call, table)}


def _asked_time(call: Call) -> float:
    parameters = call.parameters
    time, latest = parameters.get("RestoreDateTime"), parameters.get("UseLatestRestorableTime")
    if bool(parameters.get("SourceTableName")) == bool(parameters.get("SourceTableArn")):
        raise validation("Invalid Request: Must provide exactly one of: sourceTableArn, sourceTableName")
    if time is not None and latest:
        raise validation(
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time "
            "restore request. Please set only one of them."
        )
    if time is None and not latest:
        raise validation(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    return call.now if time is None else float(time)


def _require_reach(call: Call, source: Table, time: float) -> None:
    earliest = earliest_restorable(source, call.now)
    # clients send whole seconds
    if not int(earliest) <= time <= call.now:
        told = [_iso(moment) for moment in (time, earliest, call.now)]
        raise DynamoDBError(
            "InvalidRestoreTimeException",
            f"RestoreDateTime '{told[0]}' must be within EarliestRestorableDateTime '{told[1]}' and "
            f"LatestRestorableDateTime '{told[2]}'",
        )


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
