"""The payloads are those of recorded AWS answers (errorType, errorMessage)."""

from __future__ import annotations

import json

import pytest

from windtunnel.functions import failure


def test_a_timeout_tells_its_seconds_with_two_digits() -> None:
    assert json.loads(failure.timed_out("id-1", 3).payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 3.00 seconds",
    }


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (255, "Runtime exited with error: exit status 255"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
        (-200, "Runtime exited with error: signal: signal 200"),
    ],
)
def test_an_exit_tells_how(code: int, reason: str) -> None:
    assert json.loads(failure.exited("id-1", code).payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: id-1 Error: {reason}",
    }


def test_a_large_answer_tells_the_limit() -> None:
    assert json.loads(failure.too_large().payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


@pytest.mark.parametrize(
    ("payload", "expected"),
    [(b'{"errorType": "ValueError"}', "ValueError"), (b"[]", ""), (b"no json", ""), (b'{"errorType": 3}', "")],
)
def test_an_error_type_is_read_where_there_is_one(payload: bytes, expected: str) -> None:
    assert failure.error_type(payload) == expected
