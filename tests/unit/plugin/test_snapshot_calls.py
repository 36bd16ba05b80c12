"""Which calls change something. Names are those of AWS's API references."""

from __future__ import annotations

import pytest

from windtunnel.plugin.snapshot_calls import changed, changes, is_data


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("lambda", "CreateFunction"),
        ("lambda", "PublishVersion"),
        ("s3", "CompleteMultipartUpload"),
        ("s3", "CopyObject"),
        ("sqs", "ReceiveMessage"),
        ("cloudformation", "ExecuteChangeSet"),
        ("apigateway", "ImportRestApi"),
        ("logs", "TagResource"),
        ("stepfunctions", "GetActivityTask"),
    ],
)
def test_these_change_something(service: str, operation: str) -> None:
    assert changes(service, operation)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        # kept by a server of its own
        ("dynamodb", "CreateTable"),
        ("dynamodb", "PutItem"),
        ("dynamodb", "GetItem"),
        ("lambda", "Invoke"),
        ("s3", "HeadObject"),
        ("s3", "ListObjectsV2"),
        ("cloudformation", "DescribeStacks"),
        ("cloudformation", "ValidateTemplate"),
        ("logs", "FilterLogEvents"),
        ("kms", "GenerateDataKey"),
    ],
)
def test_these_do_not(service: str, operation: str) -> None:
    assert not changes(service, operation)


def test_a_poll_that_finds_nothing_changes_nothing() -> None:
    assert not changed("sqs", "ReceiveMessage", {})
    assert changed("sqs", "ReceiveMessage", {"Messages": [{}]})
    assert changed("sqs", "ReceiveMessage", None)
    assert changed("sqs", "SendMessage", {})


def test_messages_are_data_and_queues_are_not() -> None:
    assert is_data("sqs", "SendMessage")
    assert not is_data("sqs", "CreateQueue")
