from __future__ import annotations

from datetime import UTC, datetime

from windtunnel.functions import logs
from windtunnel.functions.spec import LogLine

REPORT = logs.Report(duration=12.345, memory_mb=128, used_mb=40)


def test_a_report_line_is_awss_tab_separated_one() -> None:
    assert logs.report_line("id-1", REPORT) == (
        "REPORT RequestId: id-1\tDuration: 12.35 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t"
    )


def test_a_cold_start_reports_its_init_and_bills_it() -> None:
    line = logs.report_line("id-1", logs.Report(duration=10.2, memory_mb=128, used_mb=40, init=100.5))

    assert "\tBilled Duration: 111 ms\t" in line
    assert line.endswith("\tInit Duration: 100.50 ms\t")


def test_a_failure_reports_its_status_and_type() -> None:
    line = logs.report_line(
        "id-1", logs.Report(duration=1, memory_mb=128, used_mb=40, status="error", error_type="Runtime.ExitError")
    )

    assert line.endswith("\tStatus: error\tError Type: Runtime.ExitError\t")


def lines(before: list[str], output: list[str], version: str = "$LATEST") -> list[LogLine]:
    early, late = [LogLine(1, text) for text in before], [LogLine(7, text) for text in output]
    return logs.invocation_lines("id-1", version, early, late, REPORT, logs.Moments(5, 9))


def test_an_invocations_log_is_in_order() -> None:
    log = lines(["INIT_START x"], ["hello", "world"])

    assert [line.text for line in log[:5]] == [
        "INIT_START x",
        "START RequestId: id-1 Version: $LATEST",
        "hello",
        "world",
        "END RequestId: id-1",
    ]
    assert log[5].text.startswith("REPORT ")
    assert [line.timestamp for line in log] == [1, 5, 7, 7, 9, 9]


def test_a_silent_function_has_three_lines() -> None:
    log = lines([], [], "7")

    assert [line.text.split()[0] for line in log] == ["START", "END", "REPORT"]


def test_the_tail_is_the_last_four_kilobytes() -> None:
    # API_Invoke, X-Amz-Log-Result: "The last 4 KB of the execution log"
    log = lines([], ["é" * 1000] * 9)

    tail = logs.tail(log)

    assert len(tail) == 4096
    assert tail.endswith(logs.report_line("id-1", REPORT).encode() + b"\n")
    assert logs.tail(lines([], ["x"])).startswith(b"START RequestId: id-1 Version: $LATEST\nx\nEND ")


def test_a_timeout_line_has_milliseconds_and_the_request() -> None:
    moment = datetime(2026, 11, 21, 5, 6, 7, 89_123, tzinfo=UTC)

    assert logs.timeout_line(moment, "id-1", 3) == "2026-11-21T05:06:07.089Z id-1 Task timed out after 3.00 seconds"


def test_a_failed_init_is_reported_with_its_phase() -> None:
    assert logs.init_report(12.3, "error", "Runtime.ImportModuleError", "invoke") == (
        "INIT_REPORT Init Duration: 12.30 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError"
    )


def test_the_runtimes_own_traceback_gets_lines_of_its_own() -> None:
    written = "[ERROR] ValueError: no\rTraceback (most recent call last):\r\u00a0\u00a0File x\nprogress 1\rprogress 2\n"

    assert logs.legible(written) == (
        "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File x\nprogress 1\rprogress 2\n"
    )


def test_a_message_of_nodes_client_keeps_its_lines() -> None:
    """AWS's client for Node.js writes a message's line breaks as returns; other output keeps its own."""
    message = "2026-11-21T10:00:00.000Z\tid-1\tINFO\ttwo\rlines"

    assert logs.legible_line(message) == message.replace("\r", "\n")
    assert logs.legible_line("50 %\r100 %") == "50 %\r100 %"


def test_a_stream_in_a_group_that_others_may_share_names_its_function() -> None:
    # AWS Lambda Developer Guide, "Configuring CloudWatch log groups"
    assert logs.stream_prefix("create-user", "/aws/lambda/create-user") == ""
    assert logs.stream_prefix("create-user", "/aws/lambda/create-users") == "create-user"
    assert logs.stream_prefix("create-user", "/shared") == "create-user"
