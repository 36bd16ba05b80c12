"""IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference"."""

from __future__ import annotations

from typing import Any

import pytest

from windtunnel.apigateway.policy import PolicyError, compile_policy

ACTION = "execute-api:Invoke"
ARN = "arn:aws:execute-api:us-east-1:111122223333:api/test/GET/users/1"


def statement(effect: str = "Allow", **given: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": ACTION, "Resource": "*", **given}


def policy(*statements: object) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], "implicit deny"),
        ([statement()], "allow"),
        ([statement(), statement("Deny")], "explicit deny"),
        ([statement("Deny"), statement()], "explicit deny"),
        ([statement(), statement("Deny", Resource=ARN + "0")], "allow"),
        ([statement(Resource=[ARN + "/0", ARN])], "allow"),
        ([statement(Resource="arn:aws:execute-api:*:*:api/*/GET/*")], "allow"),
        ([statement(Resource=ARN.replace("users", "Users"))], "implicit deny"),
        ([statement(Action="EXECUTE-api:in*")], "allow"),
        ([statement(Action=["s3:*", "execute-api:*"])], "allow"),
        ([statement(Action="execute-api:Manage*")], "implicit deny"),
        ([{"Effect": "Allow", "NotAction": "s3:*", "NotResource": ARN + "0"}], "allow"),
        ([{"Effect": "Allow", "NotAction": ACTION, "Resource": "*"}], "implicit deny"),
        ([{"Effect": "Deny", "Action": "*", "NotResource": ARN}, statement()], "allow"),
    ],
)
def test_a_deny_wins_then_an_allow(statements: list[object], decision: str) -> None:
    assert compile_policy(policy(*statements)).evaluate(ACTION, ARN) == decision


def test_a_single_statement_needs_no_list() -> None:
    assert compile_policy({"Statement": statement()}).evaluate(ACTION, ARN) == "allow"


def test_a_condition_has_to_hold() -> None:
    compiled = compile_policy(policy(statement(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})))

    assert compiled.conditional
    assert compiled.evaluate(ACTION, ARN, {"aws:sourceip": "192.0.2.1"}) == "allow"
    assert compiled.evaluate(ACTION, ARN, {"aws:sourceip": "198.51.100.1"}) == "implicit deny"


@pytest.mark.parametrize(
    ("element", "decision"),
    [
        ({"Principal": "*"}, "allow"),
        ({"Principal": {"AWS": "*"}}, "allow"),
        ({"Principal": {"Service": "apigateway.amazonaws.com"}}, "allow"),
        ({"Principal": {"Service": ["s3.amazonaws.com", "apigateway.amazonaws.com"]}}, "allow"),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, "implicit deny"),
        ({"NotPrincipal": {"Service": "s3.amazonaws.com"}}, "allow"),
        ({"NotPrincipal": {"Service": "apigateway.amazonaws.com"}}, "implicit deny"),
        ({}, "implicit deny"),
    ],
)
def test_a_resource_policy_names_principals(element: dict[str, Any], decision: str) -> None:
    compiled = compile_policy(policy(statement(**element)))

    assert compiled.evaluate(ACTION, ARN, {}, ("Service", "apigateway.amazonaws.com")) == decision


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        policy("Allow"),
        policy(statement("allow")),
        policy({"Effect": "Allow", "Resource": "*"}),
        policy(statement(Action=[])),
        policy(statement(Resource=5)),
        policy(statement(Principal="me")),
        policy(statement(Principal={"AWS": None})),
        policy(statement(Condition=["StringEquals"])),
        policy(statement(Condition={"StringEquals": "a"})),
        policy(statement(Condition={"StringSounds": {"a": "b"}})),
    ],
)
def test_what_is_no_policy_is_refused(document: object) -> None:
    with pytest.raises(PolicyError):
        compile_policy(document)
