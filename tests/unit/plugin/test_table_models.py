"""CloudFormation's models of tables. Sources: the AWS::DynamoDB::Table and ::GlobalTable pages of its User Guide; which
changes one call may carry: ack-api-quirks, DDB-TABLE-152, 159, 174."""

from __future__ import annotations

import json
from typing import Any

from windtunnel.plugin.table_models import (
    create_parameters,
    elsewhere,
    point_in_time_recovery,
    table_of_global,
    updates,
)

KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINITIONS = [{"AttributeName": "id", "AttributeType": "S"}]
TABLE = {"TableName": "abc", "AttributeDefinitions": DEFINITIONS, "KeySchema": KEY, "BillingMode": "PAY_PER_REQUEST"}


def index(name: str, kind: str = "ALL", **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": KEY, "Projection": {"ProjectionType": kind}, **more}


def units(read: Any, write: Any) -> dict[str, Any]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def told(**more: Any) -> dict[str, Any]:
    """DescribeTable's answer for TABLE."""
    return {
        **TABLE,
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": units(0, 0),
        "DeletionProtectionEnabled": False,
        **more,
    }


def test_a_table_is_made_with_what_its_model_says() -> None:
    policy = {"Version": "2012-10-17", "Statement": []}

    parameters = create_parameters(
        {
            **TABLE,
            "GlobalSecondaryIndexes": [index("g", ContributorInsightsSpecification={"Enabled": True})],
            "SSESpecification": {"SSEEnabled": "true", "SSEType": "KMS"},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "ResourcePolicy": {"PolicyDocument": policy},
            "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True},
            "Arn": "known",
        }
    )

    assert json.loads(parameters.pop("ResourcePolicy")) == policy
    assert parameters == {
        **TABLE,
        "GlobalSecondaryIndexes": [index("g")],
        "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }


def test_a_table_that_is_so_already_is_left_alone() -> None:
    there = told(GlobalSecondaryIndexes=[index("g", ProvisionedThroughput=units(0, 0))], SSEDescription={})

    model = {**TABLE, "GlobalSecondaryIndexes": [index("g")], "SSESpecification": {"SSEEnabled": True}}

    assert list(updates(there, model)) == []


def test_indexes_are_deleted_before_others_are_made_one_with_a_call() -> None:
    there = told(GlobalSecondaryIndexes=[index("old"), index("changed")])
    model = {**TABLE, "GlobalSecondaryIndexes": [index("changed", "KEYS_ONLY"), index("new")]}

    calls = [call["GlobalSecondaryIndexUpdates"] for call in updates(there, model)]

    assert all(len(call) == 1 for call in calls)
    actions = [(action, entry["IndexName"]) for (update,) in calls for action, entry in update.items()]
    assert sorted(actions[:2]) == [("Delete", "changed"), ("Delete", "old")]
    assert actions[2:] == [("Create", "changed"), ("Create", "new")]


def test_a_switch_to_provisioned_has_every_index_in_its_call() -> None:
    there = told(GlobalSecondaryIndexes=[index("g", ProvisionedThroughput=units(0, 0))])
    model = {
        **TABLE,
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": units("5", 6),
        "GlobalSecondaryIndexes": [index("g", ProvisionedThroughput=units(1, 2))],
    }

    assert list(updates(there, model)) == [
        {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": units(5, 6),
            "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "g", "ProvisionedThroughput": units(1, 2)}}],
        }
    ]


def test_only_throughput_that_changes_is_sent() -> None:
    provisioned = {**TABLE, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(5, 5)}
    there = {**provisioned, "DeletionProtectionEnabled": False}

    assert list(updates(there, provisioned)) == []
    assert list(updates(there, {**provisioned, "ProvisionedThroughput": units(5, 7)})) == [
        {"ProvisionedThroughput": units(5, 7)}
    ]


def test_a_stream_of_another_view_is_another_stream() -> None:
    there = told(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    model = {**TABLE, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}

    assert [call["StreamSpecification"] for call in updates(there, model)] == [
        {"StreamEnabled": False},
        {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    ]


def test_what_is_to_be_alone_is_alone() -> None:
    model = {
        **TABLE,
        "SSESpecification": {"SSEEnabled": True},
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "DeletionProtectionEnabled": "true",
    }

    assert list(updates(told(), model)) == [
        {"SSESpecification": {"Enabled": True}},
        {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        {"DeletionProtectionEnabled": True},
    ]


def test_recovery_is_off_unless_the_model_wants_it() -> None:
    assert point_in_time_recovery(TABLE) == {"PointInTimeRecoveryEnabled": False}
    wanted = {"PointInTimeRecoveryEnabled": "true", "RecoveryPeriodInDays": "7"}
    assert point_in_time_recovery({"PointInTimeRecoverySpecification": wanted}) == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 7,
    }


def test_a_global_table_is_a_table_in_each_of_its_regions() -> None:
    scaling = {"MinCapacity": 3, "MaxCapacity": 9, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70}}
    model = {
        **TABLE,
        "BillingMode": "PROVISIONED",
        "WriteProvisionedThroughputSettings": {"WriteCapacityAutoScalingSettings": scaling},
        "GlobalSecondaryIndexes": [
            index("g", WriteProvisionedThroughputSettings={"WriteCapacityAutoScalingSettings": scaling})
        ],
        "Replicas": [
            {"Region": "eu-west-1"},
            {
                "Region": "us-east-1",
                "TableClass": "STANDARD",
                "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 4},
                "GlobalSecondaryIndexes": [
                    {"IndexName": "g", "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": "2"}}
                ],
            },
        ],
    }

    table = table_of_global(model, "us-east-1")

    assert elsewhere(model, "us-east-1") == ["eu-west-1"]
    assert table == {
        **TABLE,
        "BillingMode": "PROVISIONED",
        "TableClass": "STANDARD",
        "ProvisionedThroughput": units(4, 3),
        "GlobalSecondaryIndexes": [index("g", ProvisionedThroughput=units(2, 3))],
    }
