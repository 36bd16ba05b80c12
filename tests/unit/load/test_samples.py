from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.sample import Batch, Totals
from windtunnel.load.samples import BEGAN, ENDED, Mark, SampleFile, Samples, read_samples


def a_batch(worker: str, moment: float = 50.0, milliseconds: float = 5.0) -> Batch:
    recorder = Recorder(worker, lambda: moment)
    recorder.sent()
    recorder.ended(Ended("GET /", "", milliseconds, received_bytes=7))
    recorder.sent()
    recorder.ended(Ended("GET /", "502", 1.0, body='{"message": "Internal server error"}'))
    return recorder.flush(users=3, cpu=12.0)


def test_a_batch_survives_the_file(tmp_path: Path) -> None:
    file = SampleFile(tmp_path / "samples.jsonl")
    batch = a_batch("one")
    file.append(Mark(BEGAN, 49.5))
    file.append(batch)

    samples = read_samples(tmp_path / "samples.jsonl")

    assert samples.last["one"] == batch
    assert samples.cells[50]["GET /"] == batch.cells[0][2]
    assert samples.moment(BEGAN) == 49.5
    assert samples.examples["GET /", "502"].body == '{"message": "Internal server error"}'


def test_a_line_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    file = SampleFile(path)
    path.write_text('{"mark":"began","moment":1.0,"note":"","users":0,"rate":0.0,"met":false}\n{"mark":"en')

    first = list(file.new_lines())
    with path.open("a") as more:
        more.write('ded","moment":2.0}\n')

    assert len(first) == 1
    assert list(file.new_lines()) == ['{"mark":"ended","moment":2.0}']


def test_workers_add_up_exactly() -> None:
    samples = Samples()
    for worker in ("one", "two", "three"):
        samples.take(a_batch(worker))

    assert samples.totals == Totals(sent=6, answered=6, failed=0)
    assert samples.cells[50]["GET /"].good == 3
    assert samples.cells[50]["GET /"].errors == {"502": 3}


def test_a_lost_batch_is_noticed() -> None:
    samples = Samples()
    batch = a_batch("one")

    samples.take(batch)
    samples.take(replace(batch, sequence=3))

    assert samples.lost == 2


def test_idle_is_only_what_every_worker_says_after_the_end() -> None:
    samples = Samples()
    quiet = replace(a_batch("one", moment=60.0), users=0)
    samples.take(quiet)
    samples.take(replace(a_batch("two", moment=60.0), users=1))
    assert not samples.idle_since(55.0)

    samples.take(replace(a_batch("two", moment=61.0), users=0, sequence=1))

    assert samples.idle_since(55.0)
    assert not samples.idle_since(60.5)


def test_a_run_that_begins_anew_is_measured_from_there_and_its_counts_are_of_all() -> None:
    samples = Samples()
    for mark in (Mark(BEGAN, 40.0), Mark(ENDED, 51.0), Mark(BEGAN, 60.0)):
        samples.mark(mark)
        samples.take(a_batch("one", moment=mark.moment))

    assert samples.moment(BEGAN) == 60.0
    assert samples.moment(ENDED) is None
    assert sorted(samples.cells) == [40, 51, 60]
