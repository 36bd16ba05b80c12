"""DescribeBackup."""

from __future__ import annotations

from windtunnel.dynamodb.backups import find_backup, told_backup
from windtunnel.dynamodb.call import Answer, Call


def describe_backup(call: Call) -> Answer:
    return {"BackupDescription": told_backup(find_backup(call))}
