from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from windtunnel.engines.process import ProcessRecord, read_record, write_record


@pytest.fixture
def own() -> ProcessRecord:
    me = psutil.Process()
    return ProcessRecord(
        pid=me.pid, created=me.create_time(), port=1, region="r", instance="i", api_port=2, backplane_port=3, token="t"
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
    assert process.pid == os.getpid()


def test_another_process_with_the_same_id_is_not_ours(own: ProcessRecord) -> None:
    assert replace(own, created=own.created - 60).process() is None
