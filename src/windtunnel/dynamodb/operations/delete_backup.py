"""DeleteBackup."""

from __future__ import annotations

from windtunnel.dynamodb.backups import find_backup, told_backup
from windtunnel.dynamodb.call import Answer, Call


def delete_backup(call: Call) -> Answer:
    told = told_backup(find_backup(call))
    told["BackupDetails"] = {**told["BackupDetails"], "BackupStatus": "DELETED"}
    with call.store.transaction():
        call.store.delete_backup(call.parameters["BackupArn"])
    return {"BackupDescription": told}
