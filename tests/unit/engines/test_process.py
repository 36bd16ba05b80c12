from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from windtunnel.engines.process import INSTANCE_VARIABLE, ProcessRecord, ends, read_record, write_record


@pytest.fixture
def started() -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, INSTANCE_VARIABLE: "i"}
    pipe = subprocess.PIPE
    with subprocess.Popen(["cat"], env=environment, stdin=pipe, stdout=pipe, bufsize=0) as process:
        # its environment is there a moment after Popen returns
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"there\n")
        assert process.stdout.readline() == b"there\n"
        yield process
        process.kill()


@pytest.fixture
def own(started: subprocess.Popen[bytes]) -> ProcessRecord:
    created = psutil.Process(started.pid).create_time()
    return ProcessRecord(
        pid=started.pid, created=created, port=1, region="r", instance="i", api_port=2, backplane_port=3, token="t"
    )


def test_a_record_survives_being_written(tmp_path: Path, own: ProcessRecord) -> None:
    write_record(tmp_path / "process.json", own)

    assert read_record(tmp_path / "process.json") == own


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"nonsense": 1}', "\x00"])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "process.json").write_text(text)

    assert read_record(tmp_path / "process.json") is None


def test_a_missing_record_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path / "process.json") is None


def test_a_record_knows_its_process(own: ProcessRecord) -> None:
    process = own.process()

    assert process is not None
    assert process.pid == own.pid


def test_a_clock_that_was_set_makes_it_no_other_process(own: ProcessRecord) -> None:
    assert replace(own, created=own.created - 3600).process() is not None


@pytest.mark.parametrize("pid", ["its own", "this one"])
def test_another_process_with_the_same_id_is_not_ours(own: ProcessRecord, pid: str) -> None:
    # neither one that is another instance's, nor one that is nothing of windtunnel's
    other = replace(own, instance="j") if pid == "its own" else replace(own, pid=os.getpid())

    assert other.process() is None


def test_a_process_that_ended_is_none_also_before_somebody_waited_for_it(
    own: ProcessRecord, started: subprocess.Popen[bytes]
) -> None:
    there = psutil.Process(started.pid)
    assert not ends(there)
    started.kill()
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    unwaited, ending = own.process(), ends(there)
    started.wait()

    assert unwaited is None
    assert ending
    assert own.process() is None
    assert ends(there)
