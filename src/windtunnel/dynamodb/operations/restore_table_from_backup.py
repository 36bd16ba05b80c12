"""RestoreTableFromBackup."""

from __future__ import annotations

from windtunnel.dynamodb.backups import find_backup
from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.restore import free_target, restored_table, told_restore


def restore_table_from_backup(call: Call) -> Answer:
    arn = call.parameters["BackupArn"]
    backup = find_backup(call)
    name = free_target(call)
    summary = {"SourceBackupArn": arn, "SourceTableArn": backup["SourceTableDetails"]["TableArn"]}
    document = restored_table(call, backup["Document"]["Table"], name, summary)
    with call.store.transaction():
        table = call.store.create_table(call.account, call.region, document)
        call.store.restore_backup(arn, table)
    return {"TableDescription": told_restore(call, table)}
