from __future__ import annotations

from dataclasses import replace

import pytest

from bench.case import Case
from bench.errors import BenchError
from bench.load import Sample, command, parse

OUTPUT = """\
Running 8s test @ http://127.0.0.1:4566/_aws/execute-api/abc/Prod/ping
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.36ms  310.00us   9.52ms   92.10%
    Req/Sec     5.90k   201.00     6.20k    75.00%
  47200 requests in 8.00s, 8.10MB read
  Non-2xx or 3xx responses: 200
Requests/sec:   5900.00
Transfer/sec:      1.01MB
bench {"requests": 47200, "duration_us": 8000000, "p50_us": 1325, "p99_us": 2810, \
"status": 200, "connect": 1, "read": 2, "write": 3, "timeout": 4}
"""


def test_errors_are_counted_and_no_throughput() -> None:
    sample = parse(OUTPUT)

    assert sample == Sample(rps=5875.0, p50_ms=1.325, p99_ms=2.81, errors=210)


def test_a_run_without_a_single_request_has_no_throughput() -> None:
    line = OUTPUT.splitlines()[-1].replace("47200", "0").replace('"status": 200', '"status": 0')

    assert parse(line).rps == 0.0


def test_output_without_figures_is_an_error_that_shows_it() -> None:
    with pytest.raises(BenchError, match="no figures") as raised:
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")

    assert "Connection refused" in raised.value.detail


def test_wrk_gets_connections_seconds_method_and_key(case: Case) -> None:
    words = command(case, "http://127.0.0.1:1/Prod", "secret", 8.0)

    assert {"-c8", "-d8s", "-t1"} <= set(words)
    assert words[words.index("--") - 1 :] == ["http://127.0.0.1:1/Prod/ping", "--", "GET", "secret"]


def test_wrk_gets_the_body_of_a_case_that_has_one(case: Case) -> None:
    words = command(replace(case, method="POST", body="{}"), "http://127.0.0.1:1/Prod", "secret", 0.2)

    assert words[-3:] == ["POST", "secret", "{}"]
    assert "-d1s" in words
