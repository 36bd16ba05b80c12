"""The Runtime API's states. Source: AWS's runtime interface emulator, core/states.go and core/states_test.go."""

from __future__ import annotations

import pytest

from windtunnel.functions import runtime_state as state
from windtunnel.functions.runtime_error import reported_type, without_cause

ALLOWED = {
    ("Started", "Ready"),
    ("Started", "InitError"),
    ("Ready", "Ready"),
    ("Ready", "InvocationResponse"),
    ("Ready", "InvocationErrorResponse"),
    ("InvocationResponse", "RuntimeResponseSentState"),
    ("InvocationErrorResponse", "RuntimeResponseSentState"),
    ("RuntimeResponseSentState", "Ready"),
}


def test_only_these_steps_are_allowed() -> None:
    names = list(state.ALLOWED)

    allowed = {(before, after) for before in names for after in names if not state.refusal(before, after)}

    assert allowed == ALLOWED


def test_a_refusal_names_both_states() -> None:
    assert state.refusal("Ready", "InitError") == (
        "State transition from Ready to InitError failed for runtime. Error: State transition is not allowed"
    )


@pytest.mark.parametrize(
    ("said", "reported"),
    [
        # fatalerror_test.go
        (b"", "Runtime.Unknown"),
        (b"MyCustomError", "Runtime.Unknown"),
        (b"MyCustomError.Error", "Runtime.Unknown"),
        (b"Runtime.MyCustomErrorTypeHere", "Runtime.MyCustomErrorTypeHere"),
        (b"Function.MyCustomErrorTypeHere", "Function.MyCustomErrorTypeHere"),
        (b"Function.", "Function.Unknown"),
    ],
)
def test_an_error_type_is_one_that_aws_knows(said: bytes, reported: str) -> None:
    assert reported_type(said) == reported


def test_an_error_that_is_no_json_has_words_of_its_own() -> None:
    # invocationerror.go: invalidErrorBodyMessage
    assert without_cause(b"<html>") == b'"Invalid error body"'
