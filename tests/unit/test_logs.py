"""What is made of the functions' log lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from windtunnel.errors import ConfigError
from windtunnel.logs import Attribution, LogLine, brief_report, is_failure, parse_since

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REPORT = (
    "REPORT RequestId: 1a-2b\tDuration: 12.34 ms\tBilled Duration: 65 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 45 MB\tInit Duration: 52.10 ms\t"
)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("1d", NOW - timedelta(days=1)),
        ("10:30", NOW.replace(hour=10, minute=30)),
        ("2026-11-20T08:00", datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),
        ("2026-11-20T08:00+02:00", datetime(2026, 11, 20, 6, 0, tzinfo=UTC)),
    ],
)
def test_since_is_a_span_a_time_or_a_date(text: str, moment: datetime) -> None:
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "5w", "25:00"])
def test_a_since_that_is_none_is_said(text: str) -> None:
    with pytest.raises(ConfigError, match="is no moment"):
        parse_since(text, NOW)


def test_a_report_is_brief_and_marks_a_cold_start() -> None:
    assert brief_report(REPORT) == "12.34 ms  45/128 MB  cold start 52.10 ms"
    assert brief_report(REPORT + "Status: timeout\t").endswith("timeout")
    assert brief_report("hello") == "hello"


def test_failures_are_known() -> None:
    failures = ["[ERROR] ValueError: x", "2026 r Task timed out after 3.00 seconds", REPORT + "Status: error\t"]

    assert all(map(is_failure, failures))
    assert not any(map(is_failure, ["fine", REPORT, "TERRORS"]))


def test_lines_belong_to_the_invocation_of_their_stream() -> None:
    attribution = Attribution()

    def take(stream: str, text: str) -> list[tuple[str, str]]:
        lines = attribution.take(("g", stream), LogLine(NOW, "F", text))
        return [(line.request_id, line.text) for line in lines]

    # two environments at once, their lines interleaved by time
    assert take("a", "INIT_START Runtime Version: x") == []
    assert take("b", "START RequestId: two Version: 1") == [("two", "START RequestId: two Version: 1")]
    assert take("a", "START RequestId: one Version: 1")[0] == ("one", "INIT_START Runtime Version: x")
    assert take("b", "from b") == [("two", "from b")]
    assert take("a", "from a") == [("one", "from a")]
    assert take("a", "REPORT RequestId: one\tDuration: 1 ms\t")[0][0] == "one"
    assert take("a", "stray") == [("", "stray")]
    assert take("b", "more") == [("two", "more")]


def test_an_init_that_nothing_came_after_is_not_lost() -> None:
    attribution = Attribution()
    attribution.take(("g", "a"), LogLine(NOW, "F", "INIT_START Runtime Version: x"))

    assert [line.text for line in attribution.rest()] == ["INIT_START Runtime Version: x"]
    assert attribution.rest() == []
