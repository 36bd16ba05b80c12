"""Sources: AWS Lambda Developer Guide, "Configuring reserved concurrency" and "Configuring provisioned concurrency";
recorded: LocalStack's tests/aws/services/lambda_/test_lambda.snapshot.json, TestLambdaConcurrency.
"""

from __future__ import annotations

import json

import pytest

from windtunnel.functions.concurrency import Concurrency
from windtunnel.functions.invoke_error import InvokeError


def refused(concurrency: Concurrency, name: str) -> str:
    with pytest.raises(InvokeError) as caught:
        concurrency.enter(name)
    assert (caught.value.type, caught.value.status) == ("TooManyRequestsException", 429)
    return caught.value.reason


def test_a_throttle_is_worded_as_recorded() -> None:
    concurrency = Concurrency()
    concurrency.reserve("f", 0)

    with pytest.raises(InvokeError) as caught:
        concurrency.enter("f")

    assert json.loads(caught.value.payload) == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_a_reservation_is_the_functions_limit() -> None:
    concurrency = Concurrency()
    concurrency.reserve("f", 2)
    concurrency.enter("f")
    concurrency.enter("f")

    assert refused(concurrency, "f") == "ReservedFunctionConcurrentInvocationLimitExceeded"
    concurrency.leave("f")
    concurrency.enter("f")


def test_the_account_has_a_limit_of_its_own() -> None:
    concurrency = Concurrency(limit=2)
    concurrency.enter("f")
    concurrency.enter("g")

    assert refused(concurrency, "h") == "ConcurrentInvocationLimitExceeded"
    concurrency.leave("f")
    concurrency.enter("h")


def test_what_is_reserved_is_taken_from_the_others() -> None:
    concurrency = Concurrency(limit=3)
    concurrency.reserve("f", 2)
    concurrency.enter("g")

    assert refused(concurrency, "h") == "ConcurrentInvocationLimitExceeded"
    concurrency.enter("f")


def test_provisioned_environments_are_taken_from_the_reservation() -> None:
    # recorded: test_reserved_provisioned_overlap, reserved_equals_provisioned_latest_invoke_exc
    concurrency = Concurrency()
    concurrency.reserve("f", 2)
    concurrency.provide("f", 2)

    assert refused(concurrency, "f") == "ReservedFunctionConcurrentInvocationLimitExceeded"
    concurrency.provide("f", 1)
    concurrency.enter("f")


def test_provisioned_environments_without_a_reservation_are_taken_from_the_account() -> None:
    concurrency = Concurrency(limit=3)
    concurrency.provide("f", 2)
    concurrency.enter("g")

    assert refused(concurrency, "g") == "ConcurrentInvocationLimitExceeded"


def test_a_reservation_may_change_while_invocations_run() -> None:
    concurrency = Concurrency(limit=4)
    concurrency.enter("f")
    concurrency.enter("f")

    concurrency.reserve("f", 1)

    assert refused(concurrency, "f") == "ReservedFunctionConcurrentInvocationLimitExceeded"
    for _ in range(3):
        concurrency.enter("g")
    concurrency.leave("f")
    concurrency.leave("f")
    concurrency.enter("f")
    concurrency.reserve("f", None)
    concurrency.leave("f")
    concurrency.enter("h")
    assert refused(concurrency, "h") == "ConcurrentInvocationLimitExceeded"
