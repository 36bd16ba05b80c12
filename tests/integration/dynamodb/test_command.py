"""`windtunnel dynamodb`: what it says, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def command(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "windtunnel", "dynamodb", *arguments],
        cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def endpoint(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The URL of the first line, and the line."""
    assert process.stderr
    line = process.stderr.readline()
    found = re.match(r"DynamoDB on (http://127\.0\.0\.1:\d+) ", line)
    assert found, line
    return found[1], line


def status(url: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}/_windtunnel/dynamodb/status", timeout=10) as reply:
        told: dict[str, object] = json.loads(reply.read())
        return told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_a_file_until_it_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    with command(tmp_path, "--port", "0", "--data", "items.db") as process:
        url, line = endpoint(process)
        told = status(url)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=20)

    assert f"data in {tmp_path / 'items.db'}" in line
    assert told["data"] == str(tmp_path / "items.db")
    assert process.returncode == 0
    assert "all that was acknowledged is in" in said
    assert not (tmp_path / "items.db-wal").exists()


def test_memory_leaves_nothing_behind(tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0", "--memory") as process:
        _, line = endpoint(process)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)

    assert "in memory only" in line
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with command(tmp_path, "--port", str(port), "--memory") as process:
            _, said = process.communicate(timeout=20)

    assert process.returncode == 1
    assert f"port {port} is taken" in said
    assert "--port" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [(), ("--data", "x", "--memory")])
def test_it_wants_to_know_where_the_data_is_to_be(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with command(tmp_path, *arguments) as process:
        _, said = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "windtunnel dynamodb --data FILE, or --memory" in said


def test_options_come_from_the_file_and_flags_go_first(tmp_path: Path) -> None:
    (tmp_path / "windtunnel.toml").write_text("[dynamodb]\nread_lag_ms = 20\nlatency_ms = 5\n")
    with command(tmp_path, "--port", "0", "--memory", "--latency-ms", "7") as process:
        endpoint(process)
        assert process.stderr
        process.stderr.readline()
        told = process.stderr.readline()

    assert "read_lag_ms = 20" in told
    assert "latency_ms = 7" in told


def test_a_damaged_file_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "items.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    with command(tmp_path, "--port", "0", "--data", "items.db") as process:
        _, said = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "is damaged, and was left as it is" in said
    assert "mv " in said
    assert "Traceback" not in said
