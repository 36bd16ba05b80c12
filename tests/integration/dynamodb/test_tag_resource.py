"""TagResource, ListTagsOfResource. Messages: ack-api-quirks, DDB-TABLE-442; dynalite's test/tagResource.js."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_adds_and_replaces(dynamodb: Any, make_table: MakeTable) -> None:
    arn = dynamodb.describe_table(TableName=make_table(Tags=[{"Key": "a", "Value": "1"}]))["Table"]["TableArn"]

    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])

    tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "2", "b": ""}


def test_refuses_more_than_fifty(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]
    tags = [{"Key": f"key-{number}", "Value": "x"} for number in range(51)]

    error = refused(dynamodb.tag_resource, ResourceArn=arn, Tags=tags)

    assert error == ("ValidationException", "Number of Tags exceed the current limit for the provided ResourceArn")


def test_refuses_none(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]

    error = refused(dynamodb.tag_resource, ResourceArn=arn, Tags=[])

    assert error == ("ValidationException", "Atleast one Tag needs to be provided as Input.")


def test_wants_a_tables_arn(dynamodb: Any, refused: Refused) -> None:
    tags = [{"Key": "a", "Value": "1"}]

    error = refused(dynamodb.tag_resource, ResourceArn="abc", Tags=tags)
    other = refused(dynamodb.tag_resource, ResourceArn="arn:aws:s3:::bucket", Tags=tags)

    prefix = "One or more parameter values were invalid: "
    assert error == ("ValidationException", prefix + "ARNs must start with 'arn:': abc")
    assert other[1] == prefix + "Provided Arn is not a DynamoDB resource arn: arn:aws:s3:::bucket"


def test_knows_no_other_table(dynamodb: Any, account: str, refused: Refused) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/nothere"

    error = refused(dynamodb.tag_resource, ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])

    assert error == ("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")
