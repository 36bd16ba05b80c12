"""CreateBackup: a copy of the table's items, at once."""

from __future__ import annotations

import secrets
from typing import Any

from windtunnel.dynamodb.backups import features_of, source_of, table_of
from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.table_document import moment


def create_backup(call: Call) -> Answer:
    table = table_of(call, call.parameters["TableName"])
    arn = f"{table.arn}/backup/{int(call.now * 1000):017d}-{secrets.token_hex(4)}"
    details: dict[str, Any] = {
        "BackupArn": arn,
        "BackupName": call.parameters["BackupName"],
        "BackupSizeBytes": call.store.counts(table).bytes,
        "BackupStatus": "AVAILABLE",
        "BackupType": "USER",
        "BackupCreationDateTime": moment(call.now),
    }
    document = {
        "BackupDetails": details,
        "SourceTableDetails": source_of(call.store, table),
        "SourceTableFeatureDetails": features_of(table),
        "Document": {"Table": table.document["Table"]},
    }
    with call.store.transaction():
        call.store.create_backup(arn, table, document)
    return {"BackupDetails": details}
