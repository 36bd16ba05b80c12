"""GetResourcePolicy. A policy is kept and told; who may do what is checked by nobody here."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.resource_arn import table_of_arn
from windtunnel.dynamodb.resource_policy import policy_of


def get_resource_policy(call: Call) -> Answer:
    return dict(policy_of(table_of_arn(call, call.parameters["ResourceArn"])))
