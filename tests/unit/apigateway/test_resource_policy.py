"""API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow" and its examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.policy import PolicyError
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.resource_policy import ResourcePolicy

ALL = "arn:aws:execute-api:us-east-1:111122223333:s4x3opwd6i/*"
ANONYMOUS = (
    "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
    "arn:aws:execute-api:us-east-1:********3333:s4x3opwd6i/test/GET/users/1"
)
NETWORK = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    common = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": ALL}
    return {"Version": "2012-10-17", "Statement": [{**common, **statement} for statement in statements]}


ALLOW, DENY = {"Effect": "Allow"}, {"Effect": "Deny"}


def test_an_api_without_policy_is_open(
    make_stage: Callable[..., Stage], make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    rules = ResourcePolicy(make_stage())

    assert not rules.present
    assert rules.before(make_request(), make_match()) == "implicit deny"
    rules.after_cognito(make_request())


@pytest.mark.parametrize(
    "given",
    [
        policy(ALLOW),
        policy({**ALLOW, "Resource": "execute-api:/*"}),
        policy({**ALLOW, "Resource": ["execute-api:/test/GET/*"]}),
        {**policy(), "Statement": policy(ALLOW)["Statement"][0]},
        policy({**ALLOW, "Condition": NETWORK}),
        policy(ALLOW, {**DENY, "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
        policy({**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        policy({**ALLOW, "Condition": {"StringLike": {"aws:UserAgent": "curl/*"}, "Null": {"aws:Referer": "true"}}}),
        policy({**ALLOW, "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}}),
        policy({**ALLOW, "Condition": {"NumericLessThan": {"aws:EpochTime": "1800000001"}}}),
    ],
)
def test_a_method_without_authorizer_needs_an_allow(
    given: dict[str, Any],
    make_stage: Callable[..., Stage],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> None:
    rules = ResourcePolicy(make_stage(policy=given))

    assert rules.before(make_request({"User-Agent": "curl/8"}), make_match()) == "allow"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (policy(), ANONYMOUS),
        (policy({**ALLOW, "Principal": {"AWS": "arn:aws:iam::111122223333:user/Alice"}}), ANONYMOUS),
        (policy({**ALLOW, "Resource": "execute-api:/test/PUT/*"}), ANONYMOUS),
        (policy(ALLOW, {**DENY, "Condition": NETWORK}), ANONYMOUS + " with an explicit deny"),
    ],
)
def test_anybody_else_is_refused_in_awss_words(
    given: dict[str, Any],
    words: str,
    make_stage: Callable[..., Stage],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> None:
    # recorded: {"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource:
    # arn:aws:execute-api:us-east-1:********3458:zr8nirlpz3/dev/GET/bookmarks/e0a043d2 with an explicit deny"}
    rules = ResourcePolicy(make_stage(policy=given))

    with pytest.raises(GatewayError) as caught:
        rules.before(make_request(), make_match())

    assert (caught.value.kind.type, caught.value.kind.status, caught.value.message) == ("ACCESS_DENIED", 403, words)


@pytest.mark.parametrize("authorization", ["CUSTOM", "AWS_IAM"])
def test_before_an_authorizer_only_an_explicit_deny_ends_a_request(
    authorization: str,
    make_stage: Callable[..., Stage],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> None:
    # "API Gateway first evaluates the policy and checks for any explicit denials"
    match = make_match(authorization=authorization)

    assert ResourcePolicy(make_stage(policy=policy())).before(make_request(), match) == "implicit deny"
    assert ResourcePolicy(make_stage(policy=policy(ALLOW))).before(make_request(), match) == "allow"
    with pytest.raises(GatewayError, match="explicit deny"):
        ResourcePolicy(make_stage(policy=policy(DENY))).before(make_request(), match)


def test_after_cognito_an_allow_is_needed(
    make_stage: Callable[..., Stage], make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    # "If authentication is successful, the resource policy is evaluated independently, and an explicit allow is
    # required"
    match = make_match(authorization="COGNITO_USER_POOLS")
    denied, allowed = (ResourcePolicy(make_stage(policy=given)) for given in (policy(), policy(ALLOW)))

    assert denied.before(make_request(), match) == "implicit deny"
    allowed.after_cognito(make_request())
    with pytest.raises(GatewayError, match="User: anonymous"):
        denied.after_cognito(make_request())


@pytest.mark.parametrize("given", [{"Statement": ["Allow"]}, {}])
def test_what_is_no_policy_is_refused(given: dict[str, Any], make_stage: Callable[..., Stage]) -> None:
    with pytest.raises(PolicyError):
        ResourcePolicy(make_stage(policy=given))
