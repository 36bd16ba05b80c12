from __future__ import annotations

from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.sample import Totals


def test_what_was_sent_is_answered_failed_or_on_its_way() -> None:
    recorder = Recorder("one", lambda: 100.0)
    for _ in range(4):
        recorder.sent()
    recorder.ended(Ended("GET /", "", 5.0))
    recorder.ended(Ended("GET /", "502", 5.0, body="{}"))
    recorder.ended(Ended("GET /", "connection refused", 0.0, answered=False))

    totals = recorder.flush(users=1, cpu=0.0).totals

    assert totals == Totals(sent=4, answered=2, failed=1)
    assert totals.in_flight == 1


def test_an_error_is_no_throughput_and_has_no_time() -> None:
    recorder = Recorder("one", lambda: 100.0)
    for kind in ("", "502", "429"):
        recorder.sent()
        recorder.ended(Ended("GET /", kind, 5.0))

    ((second, endpoint, cell),) = recorder.flush(users=1, cpu=0.0).cells

    assert (second, endpoint) == (100, "GET /")
    assert (cell.good, cell.throttled, cell.errors) == (1, 1, {"502": 1})
    assert sum(cell.buckets.values()) == 1


def test_the_first_body_of_each_kind_is_kept_and_cut() -> None:
    recorder = Recorder("one", lambda: 100.0)
    for body in ("x" * 5000, "another"):
        recorder.sent()
        recorder.ended(Ended("GET /", "502", 5.0, body=body))

    (example,) = recorder.flush(users=1, cpu=0.0).examples

    assert example.kind == "502"
    assert set(example.body) == {"x"}
    assert len(example.body) < 1000
    assert recorder.flush(users=1, cpu=0.0).examples == ()


def test_a_request_beside_the_api_is_not_counted_as_sent() -> None:
    recorder = Recorder("one", lambda: 100.0)
    recorder.ended(Ended("probe table", "", 1.0), counted=False)

    batch = recorder.flush(users=1, cpu=0.0)

    assert batch.totals == Totals()
    assert batch.cells[0][2].good == 1


def test_each_batch_has_only_what_is_new_and_the_next_number() -> None:
    recorder = Recorder("one", lambda: 100.0)
    recorder.sent()
    recorder.ended(Ended("GET /", "", 5.0))

    first, second = recorder.flush(users=1, cpu=0.0), recorder.flush(users=1, cpu=0.0)

    assert (first.sequence, len(first.cells)) == (0, 1)
    assert (second.sequence, second.cells) == (1, ())
    assert second.totals == first.totals
