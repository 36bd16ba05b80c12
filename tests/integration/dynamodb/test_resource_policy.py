"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. Messages: ack-api-quirks, DDB-TABLE-442."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": "*"}],
    }
)


def test_keeps_a_policy_until_it_is_deleted(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]

    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=POLICY)["RevisionId"]

    told = dynamodb.get_resource_policy(ResourceArn=arn)
    assert (told["Policy"], told["RevisionId"]) == (POLICY, revision)
    dynamodb.delete_resource_policy(ResourceArn=arn)
    assert refused(dynamodb.get_resource_policy, ResourceArn=arn)[0] == "PolicyNotFoundException"


def test_keeps_to_the_revision_that_is_expected(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=POLICY)

    error = refused(dynamodb.put_resource_policy, ResourceArn=arn, Policy=POLICY, ExpectedRevisionId="1")

    assert error[0] == "PolicyNotFoundException"


def test_refuses_what_is_no_policy(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]

    error = refused(dynamodb.put_resource_policy, ResourceArn=arn, Policy="no")

    prefix = "One or more parameter values were invalid: Invalid policy document: "
    assert error == ("ValidationException", prefix + "This policy contains invalid Json")
