from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from windtunnel.errors import WindtunnelError
from windtunnel.load.run import new_folder
from windtunnel.load.stored import Stored, read_run

ORIGIN = 1_795_000_000


def test_a_run_is_found_by_its_name_with_the_stretch_that_was_measured(store: Callable[..., Stored]) -> None:
    stored = store("20261121-120000", 10.0)

    assert stored.run.stretch.first == ORIGIN + 5
    assert stored.run.stretch.seconds == 50
    assert stored.document["run"] == "20261121-120000"


def test_a_run_that_is_not_there_is_refused_with_those_that_are(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("20261121-120000", 10.0)

    with pytest.raises(WindtunnelError, match="there is no run in yesterday") as refused:
        read_run(Path("yesterday"), tmp_path)

    assert "20261121-120000" in refused.value.hint


def test_each_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

    folders = [new_folder(tmp_path / "load", moment) for _ in range(3)]

    assert [folder.name for folder in folders] == ["20261121-120000", "20261121-120000-2", "20261121-120000-3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"version": 1, "run"', "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"[]", "is no report"),
        (b"{}", "is no report"),
        (b'{"version": 2}', "is of version 2, and this windtunnel reads version 1"),
        (b'{"version": 1, "run": "today"}', "has no plan, engine"),
    ],
)
def test_a_damaged_report_is_named(store: Callable[..., Stored], tmp_path: Path, content: bytes, said: str) -> None:
    store("today", 10.0)
    (tmp_path / "today" / "report.json").write_bytes(content)

    with pytest.raises(WindtunnelError, match=rf"report\.json of the run today .*{said}") as refused:
        read_run(Path("today"), tmp_path)

    assert "run the load again" in refused.value.hint


def test_a_run_without_its_samples_is_refused(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("today", 10.0)
    (tmp_path / "today" / "samples.jsonl").unlink()

    with pytest.raises(WindtunnelError, match=r"samples\.jsonl of the run today is not there") as refused:
        read_run(Path("today"), tmp_path)

    assert "copy it whole" in refused.value.hint


@pytest.mark.parametrize("line", [b"{\n", b"\xff\n", b"[]\n", b'{"mark": "began"}\n', b'{"worker": "one"}\n'])
def test_damaged_samples_are_named(store: Callable[..., Stored], tmp_path: Path, line: bytes) -> None:
    store("today", 10.0)
    with (tmp_path / "today" / "samples.jsonl").open("ab") as file:
        file.write(line)

    with pytest.raises(WindtunnelError, match=r"samples\.jsonl of the run today is damaged"):
        read_run(Path("today"), tmp_path)


def test_samples_that_end_too_early_are_named(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("today", 10.0)
    file = tmp_path / "today" / "samples.jsonl"
    # two marks, and the seconds 0 to 17, of which those before 5 are warm-up
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:20]))

    with pytest.raises(WindtunnelError, match="is damaged: it has 260 of 1,000 measured requests"):
        read_run(Path("today"), tmp_path)
