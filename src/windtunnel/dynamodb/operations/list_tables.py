"""ListTables."""

from __future__ import annotations

from typing import Any

from windtunnel.dynamodb.call import Answer, Call

PAGE = 100


def list_tables(call: Call) -> Answer:
    after = call.parameters.get("ExclusiveStartTableName") or ""
    limit = call.parameters.get("Limit") or PAGE
    names = sorted(table.name for table in call.store.tables(call.account, call.region))
    left = [name for name in names if name > after]
    answer: dict[str, Any] = {"TableNames": left[:limit]}
    if len(left) > limit:
        answer["LastEvaluatedTableName"] = left[limit - 1]
    return answer
