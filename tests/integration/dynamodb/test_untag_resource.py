"""UntagResource. Messages: ack-api-quirks, DDB-TABLE-442."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_takes_tags_away(dynamodb: Any, make_table: MakeTable) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    arn = dynamodb.describe_table(TableName=make_table(Tags=tags))["Table"]["TableArn"]

    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a", "never"])

    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_refuses_none(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]

    error = refused(dynamodb.untag_resource, ResourceArn=arn, TagKeys=[])

    assert error == ("ValidationException", "Atleast one Tag Key needs to be provided as Input.")
