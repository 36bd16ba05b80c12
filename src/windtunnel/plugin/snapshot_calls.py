"""Which calls of AWS's APIs change something, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

READING = (
    "BatchDetect",
    "BatchGet",
    "Check",
    "Decrypt",
    "Describe",
    "Detect",
    "Download",
    "Encrypt",
    "Estimate",
    "Filter",
    "Generate",
    "Get",
    "Head",
    "Invoke",
    "List",
    "Lookup",
    "Preview",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Sign",
    "Simulate",
    "TestInvoke",
    "TransactGet",
    "Validate",
    "Verify",
)
"""What the names of calls that only read begin with."""

CHANGING = frozenset({("stepfunctions", "GetActivityTask"), ("secretsmanager", "ValidateResourcePolicy")})
"""The exceptions."""

DATA = frozenset(
    {
        ("cloudwatch", "PutMetricData"),
        ("events", "PutEvents"),
        ("logs", "PutLogEvents"),
        ("s3", "DeleteObject"),
        ("s3", "DeleteObjects"),
        ("s3", "PutObject"),
        ("s3", "UploadPart"),
        ("sns", "Publish"),
        ("sns", "PublishBatch"),
        ("sqs", "ChangeMessageVisibility"),
        ("sqs", "ChangeMessageVisibilityBatch"),
        ("sqs", "DeleteMessage"),
        ("sqs", "DeleteMessageBatch"),
        ("sqs", "ReceiveMessage"),
        ("sqs", "SendMessage"),
        ("sqs", "SendMessageBatch"),
        ("sts", "AssumeRole"),
    }
)
"""Calls that come by the thousand under load. What they change may be written less often, once it is a lot."""


FOUND = {("sqs", "ReceiveMessage"): "Messages"}
"""Calls that are made all the time, and change something only where the answer has this."""


ELSEWHERE = frozenset({"dynamodb", "dynamodbstreams"})
"""Services whose state is not LocalStack's to keep: DynamoDB's own server keeps it."""


def changes(service: str, operation: str) -> bool:
    """Whether a call may leave the service other than it was."""
    if service in ELSEWHERE:
        return False
    return (service, operation) in CHANGING or not operation.startswith(READING)


def changed(service: str, operation: str, answer: Mapping[str, Any] | None) -> bool:
    """Whether a call that may change something did."""
    found = FOUND.get((service, operation))
    return found is None or answer is None or bool(answer.get(found))


def is_data(service: str, operation: str) -> bool:
    """Whether a changing call is one of the data plane."""
    return (service, operation) in DATA
