"""Lambda Developer Guide, "Granting function access to AWS services"; API Gateway Developer Guide, "Permissions"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.definition import Authorizer, Method, Stage
from windtunnel.apigateway.permission import Permissions, authorizer_source_arn, may_invoke, method_source_arn

ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:users"
SOURCE = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:s4x3opwd6i/test/GET/users/{{userId}}"


def policy(**given: Any) -> dict[str, Any]:
    """What AddPermission makes."""
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        **given,
    }
    return {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}


def source_arn(pattern: str) -> dict[str, Any]:
    return {"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{pattern}"}}


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({}, True),
        ({"Condition": source_arn("s4x3opwd6i/*/GET/users/*")}, True),  # as sam deploy makes them
        ({"Condition": source_arn("s4x3opwd6i/test/GET/users/{userId}")}, True),
        ({"Condition": source_arn("s4x3opwd6i/*/*")}, True),
        ({"Condition": source_arn("s4x3opwd6i/*/PUT/users/*")}, False),
        ({"Condition": source_arn("other/*")}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "444455556666"}}}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": ["events.amazonaws.com", "apigateway.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, False),
        ({"Action": "lambda:*"}, True),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Resource": FUNCTION + ":live"}, False),
        ({"Effect": "Deny"}, False),
        ({"Effect": "Perhaps"}, False),
    ],
)
def test_the_functions_policy_decides(given: dict[str, Any], allowed: bool) -> None:
    assert may_invoke(policy(**given), FUNCTION, SOURCE, ACCOUNT) is allowed


def test_a_function_without_policy_may_not_be_invoked() -> None:
    assert not may_invoke(None, FUNCTION, SOURCE, ACCOUNT)
    assert not may_invoke({}, FUNCTION, SOURCE, ACCOUNT)


def test_the_source_is_the_resource_with_its_placeholders(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    # recorded: X-Amz-Source-Arn=arn:aws:execute-api:us-west-2:919586034543:oo8kadh853/Test/ANY/{resource+}
    method = make_method(http_method="ANY", resource_path="/{resource+}")

    assert method_source_arn(make_stage(), make_method()) == SOURCE
    assert method_source_arn(make_stage(), method).endswith(":s4x3opwd6i/test/ANY/{resource+}")


def test_an_authorizer_is_a_source_of_its_own(
    make_stage: Callable[..., Stage], make_authorizer: Callable[..., Authorizer]
) -> None:
    arn = authorizer_source_arn(make_stage(), make_authorizer())

    assert arn == f"arn:aws:execute-api:us-east-1:{ACCOUNT}:s4x3opwd6i/authorizers/auth01"


def test_answers_are_remembered_while_the_policy_is_the_same() -> None:
    permissions, granted = Permissions(), policy()

    assert permissions.may_invoke(granted, FUNCTION, SOURCE, ACCOUNT)
    granted["Statement"] = []  # nobody does this to a published policy; it shows that it is not asked again
    assert permissions.may_invoke(granted, FUNCTION, SOURCE, ACCOUNT)
    assert not permissions.may_invoke(policy(Effect="Deny"), FUNCTION, SOURCE, ACCOUNT)


def test_what_is_remembered_is_bounded() -> None:
    permissions, granted = Permissions(), policy()

    answers = [permissions.may_invoke(granted, FUNCTION, f"{SOURCE}/{number}", ACCOUNT) for number in range(5_000)]

    assert all(answers)
    assert len(permissions) < 5_000
