from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from windtunnel.load.arrival import EVERY_SECONDS, LEAST_SECONDS, MOST_SECONDS, Told, Wait, expected_reports
from windtunnel.load.capacity import CLOUDWATCH, Consumed
from windtunnel.load.function_log import FunctionLog, Invocation
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import Samples

ENDED = 1_795_000_000.0


def told(reports: int, units: float) -> Told:
    calls = tuple(Invocation("f", f"{number}", 1, 5.0, 5, 128, 60) for number in range(reports))
    return Told((FunctionLog("f", calls, 0, 0),), (Consumed("users", units, 0, 0, CLOUDWATCH),))


class Aws:
    """Tells more as time goes by: `tells` is of seconds since the run ended."""

    def __init__(self, tells: Callable[[float], Told]) -> None:
        self._tells = tells
        self.now = ENDED + 1

    def wait(self, expected: int) -> tuple[Told, str]:
        return Wait(lambda: self._tells(self.now - ENDED), ENDED, lambda: self.now, self.sleep).all_told(expected)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_last_minutes_metrics_are_waited_for() -> None:
    aws = Aws(lambda after: told(100 if after > 15 else 80, 50.0 if after > 110 else 30.0))

    found, missing = aws.wait(expected=100)

    assert (found, missing) == (told(100, 50.0), "")
    assert LEAST_SECONDS <= aws.now - ENDED <= LEAST_SECONDS + 2 * EVERY_SECONDS


def test_sums_that_still_change_are_waited_for_and_no_longer_than_the_most() -> None:
    aws = Aws(lambda after: told(100, after))

    found, missing = aws.wait(expected=100)

    assert "still changed" in missing
    assert found.consumed[0].read_units > MOST_SECONDS - EVERY_SECONDS
    assert aws.now - ENDED <= MOST_SECONDS + EVERY_SECONDS


def test_answers_without_a_function_are_not_waited_for_to_the_end() -> None:
    aws = Aws(lambda _after: told(60, 10.0))

    found, missing = aws.wait(expected=100)

    assert found == told(60, 10.0)
    assert "60 REPORT lines came for 100 answers" in missing
    assert aws.now - ENDED < LEAST_SECONDS + 2 * EVERY_SECONDS


def test_ctrl_c_gives_the_wait_up_and_keeps_what_is_there() -> None:
    def tells(after: float) -> Told:
        if after > 30:
            raise KeyboardInterrupt
        return told(int(after), 10.0)

    found, missing = Aws(tells).wait(expected=100)

    assert found == told(21, 10.0)
    assert missing.endswith("may lack the last of the run: the wait for them was given up")


def test_what_cannot_be_read_again_was_read_once() -> None:
    def tells(after: float) -> Told:
        if after > 30:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "gone"}}, "FilterLogEvents")
        return told(100, 10.0)

    found, missing = Aws(tells).wait(expected=100)

    assert found == told(100, 10.0)
    assert "ExpiredToken" in missing


def test_every_answer_of_a_function_has_a_report_line() -> None:
    recorder = Recorder("one", lambda: ENDED)
    for kind, answered in (("", True), ("502", True), ("429", True), ("connection refused", False)):
        for endpoint in ("POST /users", "probe function", "probe gateway", "probe table", "clearing up"):
            recorder.ended(Ended(endpoint, kind, 1.0, answered=answered))
    samples = Samples()
    samples.take(recorder.flush(1, 0.0))

    assert expected_reports(samples) == 3 * 2


@pytest.mark.parametrize("expected", [0, 100])
def test_nothing_is_believed_complete_before_metrics_can_be_there(expected: int) -> None:
    aws = Aws(lambda _after: told(100, 0.0))

    aws.wait(expected)

    assert aws.now - ENDED >= LEAST_SECONDS
