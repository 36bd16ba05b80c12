"""DescribeContinuousBackups."""

from __future__ import annotations

from windtunnel.dynamodb.backups import continuous_backups, table_of
from windtunnel.dynamodb.call import Answer, Call


def describe_continuous_backups(call: Call) -> Answer:
    return {"ContinuousBackupsDescription": continuous_backups(call, table_of(call, call.parameters["TableName"]))}
