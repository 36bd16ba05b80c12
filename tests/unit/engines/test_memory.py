from __future__ import annotations

import os
import subprocess

import psutil

from windtunnel.engines.memory import memory_held, pss_kib

MEGABYTE = 1 << 20


def test_the_proportional_share_is_read() -> None:
    text = "55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:   55000 kB\nPss:   21034 kB\nPss_Anon:   18000 kB\n"

    assert pss_kib(text) == 21034
    assert pss_kib("Rss:   55000 kB\n") is None


def test_pages_that_processes_share_count_once() -> None:
    ballast = bytearray(os.urandom(64 * MEGABYTE))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        alone = memory_held([psutil.Process()])
        together = memory_held([psutil.Process(), psutil.Process(child)])
    finally:
        os.close(writer)
        os.close(reader)
        os.waitpid(child, 0)

    # by itself it is charged half of what both have
    assert alone < together - len(ballast) // 4
    assert together < psutil.Process().memory_info().rss + len(ballast) // 4


def test_one_that_has_ended_holds_nothing() -> None:
    with subprocess.Popen(["sleep", "60"]) as started:
        ended = psutil.Process(started.pid)
        started.kill()

    assert memory_held([ended]) == 0
    assert memory_held([ended, psutil.Process()]) > MEGABYTE
