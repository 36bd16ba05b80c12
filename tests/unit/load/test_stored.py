from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from windtunnel.errors import WindtunnelError
from windtunnel.load import compare_page
from windtunnel.load.plan import Plan
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.run import new_folder
from windtunnel.load.samples import SampleFile, Samples
from windtunnel.load.stored import Stored, read_run

ORIGIN = 1_795_000_000


@pytest.fixture
def store(
    tmp_path: Path, plan: Plan, known: Known, make_samples: Callable[..., Samples]
) -> Callable[[str, float], Stored]:
    """Writes a run as a run writes itself, and reads it again."""

    def write(name: str, milliseconds: float) -> Stored:
        folder = tmp_path / name
        folder.mkdir()
        samples = make_samples(seconds=35, milliseconds=(milliseconds, milliseconds * 1.5))
        facts = Facts("embedded", "a machine", "windtunnel", "us-east-1", ended=ORIGIN + 35.0)
        document = {**build(plan, samples, facts, known), "run": name}
        (folder / "report.json").write_text(json.dumps(document))
        file = SampleFile(folder / "samples.jsonl")
        for mark in samples.marks:
            file.append(mark)
        for second, endpoints in samples.cells.items():
            from dataclasses import replace

            batch = replace(
                samples.last["worker-0"],
                sequence=second - ORIGIN,
                moment=float(second),
                cells=tuple((second, endpoint, cell) for endpoint, cell in endpoints.items()),
            )
            file.append(batch)
        return read_run(Path(name), tmp_path)

    return write


def test_a_run_is_found_by_its_name_with_the_stretch_that_was_measured(store: Callable[..., Stored]) -> None:
    stored = store("20261121-120000", 10.0)

    assert stored.run.stretch.first == ORIGIN + 5
    assert stored.run.stretch.seconds == 30
    assert stored.document["run"] == "20261121-120000"


def test_a_run_that_is_not_there_is_refused_with_those_that_are(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("20261121-120000", 10.0)

    with pytest.raises(WindtunnelError, match="there is no run in yesterday") as refused:
        read_run(Path("yesterday"), tmp_path)

    assert "20261121-120000" in refused.value.hint


def test_two_runs_compare_on_a_page_and_in_lines(store: Callable[..., Stored]) -> None:
    before, after = store("before", 10.0), store("after", 14.0)

    changes = compare_page.changes(before, after)
    text = "\n".join(line for line, _style in compare_page.lines(before, after, changes))
    page = compare_page.render(before, after, changes)

    assert "p95 +4" in compare_page.headline(changes)
    assert "worse" in text
    assert "block bootstrap" in text
    assert "A → B" in page
    assert "before" in page


def test_runs_that_are_not_alike_are_marked(store: Callable[..., Stored]) -> None:
    before, after = store("before", 10.0), store("after", 10.0)
    other = Stored(after.folder, {**after.document, "machine": "another machine"}, after.run)

    lines = [line for line, _style in compare_page.lines(before, other, compare_page.changes(before, other))]

    assert any(line.startswith("caution another machine") for line in lines)


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

    with pytest.raises(WindtunnelError, match=f"report.json of the run today .*{said}") as refused:
        read_run(Path("today"), tmp_path)

    assert "run the load again" in refused.value.hint


def test_a_run_without_its_samples_is_refused(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("today", 10.0)
    (tmp_path / "today" / "samples.jsonl").unlink()

    with pytest.raises(WindtunnelError, match="samples.jsonl of the run today is not there") as refused:
        read_run(Path("today"), tmp_path)

    assert "copy it whole" in refused.value.hint


@pytest.mark.parametrize("line", [b"{\n", b"\xff\n", b"[]\n", b'{"mark": "began"}\n', b'{"worker": "one"}\n'])
def test_damaged_samples_are_named(store: Callable[..., Stored], tmp_path: Path, line: bytes) -> None:
    store("today", 10.0)
    with (tmp_path / "today" / "samples.jsonl").open("ab") as file:
        file.write(line)

    with pytest.raises(WindtunnelError, match="samples.jsonl of the run today is damaged"):
        read_run(Path("today"), tmp_path)


def test_samples_that_end_too_early_are_named(store: Callable[..., Stored], tmp_path: Path) -> None:
    store("today", 10.0)
    file = tmp_path / "today" / "samples.jsonl"
    # two marks, and the seconds 0 to 17, of which those before 5 are warm-up
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:20]))

    with pytest.raises(WindtunnelError, match="is damaged: it has 260 of 600 measured requests"):
        read_run(Path("today"), tmp_path)
