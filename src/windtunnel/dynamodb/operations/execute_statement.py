"""ExecuteStatement: one PartiQL statement."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.partiql.parser import parse
from windtunnel.dynamodb.partiql.reading import run_select
from windtunnel.dynamodb.partiql.statement import Exists, Select
from windtunnel.dynamodb.partiql.writing import run_write


def execute_statement(call: Call) -> Answer:
    statement = parse(call.parameters["Statement"], call.parameters.get("Parameters") or ())
    if isinstance(statement, Select):
        return run_select(call, statement)
    if isinstance(statement, Exists):
        raise validation("EXISTS statement is only supported within transactions")
    return run_write(call, statement)
