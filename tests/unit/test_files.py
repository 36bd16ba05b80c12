from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from windtunnel.files import write_whole

WRITE = """
import sys
from pathlib import Path
from windtunnel.files import write_whole
for _ in range(200):
    write_whole(Path(sys.argv[1]), sys.argv[2] * 10_000)
"""


def test_a_file_is_replaced_and_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/outputs.json"
    write_whole(path, "one")
    path.chmod(0o644)

    write_whole(path, "two")

    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["outputs.json"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    write_whole(path, "one")

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")

    assert path.read_text() == "one"


def test_two_who_write_at_once_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    write_whole(path, "a" * 10_000)
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(path), letter]) for letter in "ab"]

    while any(writer.poll() is None for writer in writers):
        assert path.read_text() in ("a" * 10_000, "b" * 10_000)

    assert [writer.wait() for writer in writers] == [0, 0]
