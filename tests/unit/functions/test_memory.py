from __future__ import annotations

from pathlib import Path
from typing import Any

from windtunnel.functions.memory import MEGABYTE, PAGE, MemoryWatch, memory_mb


def process(proc: Path, pid: int, resident_mb: int, shared_mb: int, children: str = "") -> None:
    folder = proc / str(pid)
    (folder / f"task/{pid}").mkdir(parents=True)
    pages = MEGABYTE // PAGE
    (folder / "statm").write_text(f"999999 {resident_mb * pages} {shared_mb * pages} 1 0 1 0\n")
    (folder / f"task/{pid}/children").write_text(children)


def test_a_process_counts_whole_and_what_it_started_by_its_own_share(tmp_path: Path) -> None:
    process(tmp_path, 1, 60, 10, "2 3 ")
    process(tmp_path, 2, 40, 15, "4 ")
    process(tmp_path, 3, 5, 5)
    process(tmp_path, 4, 100, 0)

    assert memory_mb(1, tmp_path) == 60 + 25 + 0 + 100


def test_a_process_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    process(tmp_path, 1, 60, 10, "2 ")

    assert memory_mb(1, tmp_path) == 60
    assert memory_mb(9, tmp_path) == 0


def test_what_holds_too_much_is_told_once_and_the_others_are_watched_on(clock: Any) -> None:
    told = list[int]()
    held = {1: 100.0, 2: 100.0}
    watch = MemoryWatch(clock.loop, interval=1.0, measure=lambda pid: held[pid])
    for pid in held:
        watch.watch(pid, 128, lambda pid=pid: told.append(pid))  # type: ignore[misc]
    clock.move(1.0)
    assert told == []

    held[1] = 129
    clock.move(2.0)
    clock.move(3.0)
    assert told == [1]
    held[2] = 300
    clock.move(4.0)

    assert told == [1, 2]
    assert clock.timers == []


def test_who_is_not_at_work_is_not_watched(clock: Any) -> None:
    told = list[int]()
    watch = MemoryWatch(clock.loop, interval=1.0, measure=lambda _pid: 1000)

    watch.watch(1, 128, lambda: told.append(1))
    watch.forget(1)
    clock.move(1.0)

    assert told == []
