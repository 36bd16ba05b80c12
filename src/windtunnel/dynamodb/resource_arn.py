"""The ARNs of requests on tables: tags, policies.

Messages: the ack-api-quirks catalogue of October 2026 (DDB-TABLE-442); dynalite's recorded test/listTagsOfResource.js.
"""

from __future__ import annotations

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, resource_not_found
from windtunnel.dynamodb.table import Table


def table_of_arn(call: Call, arn: str) -> Table:
    """The table that an ARN names. Raises ValidationException, AccessDeniedException, ResourceNotFoundException."""
    if not arn.startswith("arn:"):
        raise invalid_parameter(f"ARNs must start with 'arn:': {arn}")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "dynamodb":
        raise invalid_parameter(f"Provided Arn is not a DynamoDB resource arn: {arn}")
    account, resource = parts[4], parts[5].split("/")
    if len(resource) != 2 or resource[0] != "table" or not resource[1]:
        raise invalid_parameter(
            f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
        )
    if account != call.account:
        raise DynamoDBError(
            "AccessDeniedException", f"User: arn:aws:iam::{call.account}:root is not authorized to access: {arn}"
        )
    table = call.find_table(arn)
    if table is None:
        raise resource_not_found(f"Requested resource not found: ResourcArn: {arn} not found")
    return table
