from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

from windtunnel.load.plan import Plan
from windtunnel.load.progress import LiveLine, line
from windtunnel.load.samples import ENDED, Mark, Samples

ORIGIN = 1_795_000_000


def test_the_line_has_rate_p95_errors_and_the_time_left(plan: Plan, make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=20, rate=10, milliseconds=(10.0,), endpoints=("POST /users",))
    samples.marks = samples.marks[:1]

    text = line(plan, samples, ORIGIN + 20.5)

    assert text == "10/s  p95 10 ms  0 errors  10 users  10 s left"


def test_the_warm_up_and_the_end_are_said(plan: Plan, make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=4)
    samples.marks = samples.marks[:1]

    assert line(plan, Samples(), 0.0) == "starting Locust"
    assert line(plan, samples, ORIGIN + 4.0).endswith("(warming up)")
    samples.mark(Mark(ENDED, ORIGIN + 4.0))
    assert line(plan, samples, ORIGIN + 5.0) == "ending: 0 requests on their way"
    assert "begins another test" in line(replace(plan, interactive=True), samples, ORIGIN + 5.0)
    assert "until Ctrl-C" in line(replace(plan, interactive=True), make_samples_began(), ORIGIN + 2.0)


def make_samples_began() -> Samples:
    samples = Samples()
    samples.mark(Mark("began", ORIGIN))
    return samples


def test_where_it_is_no_terminal_there_is_a_line_now_and_then() -> None:
    now = [100.0]
    out = io.StringIO()
    live = LiveLine(out, lambda: now[0])

    for _ in range(12):
        live.show("10/s")
        now[0] += 1
    live.end()

    assert out.getvalue() == "  10/s\n" * 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_is_renewed_in_its_place() -> None:
    out = Terminal()
    live = LiveLine(out, lambda: 0.0)

    live.show("a long line")
    live.show("short")
    live.end()

    assert out.getvalue() == "\r  a long line\r  short      \n"
