"""POST /items: one item written to DynamoDB with boto3, under an id of its own."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
TABLE = os.environ["TABLE"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    item = {"id": str(uuid.uuid4()), "name": json.loads(event["body"])["name"]}
    dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(item)}
