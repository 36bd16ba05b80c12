"""Sources that cannot be compiled are said with file, line and caret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from windtunnel.errors import BuildError
from windtunnel.watch.syntax import Syntax, check_python


class Fleeting(Path):
    """A file that is removed once it was read."""

    def read_bytes(self) -> bytes:
        content = super().read_bytes()
        self.unlink()
        return content


def save(path: Path, text: str) -> Path:
    """Write a file, with a time of change of its own."""
    path.write_text(text)
    os.utime(path, ns=(0, len(text) * 10**9 + hash(text) % 10**6))
    return path


@pytest.mark.parametrize(
    ("text", "place", "caret"),
    [
        ("x = 1\ny = = 2\n", ":2:5: SyntaxError: invalid syntax", "    2 | y = = 2\n            ^"),
        ("def f():\nreturn 1\n", ":2:1: IndentationError: expected an indented block", "    2 | return 1\n        ^"),
        ("x = (1,\n", ":1:5: SyntaxError: '(' was never closed", "    1 | x = (1,\n            ^"),
    ],
)
def test_a_fault_is_shown_with_its_line_and_a_caret(tmp_path: Path, text: str, place: str, caret: str) -> None:
    path = save(tmp_path / "app.py", text)

    with pytest.raises(BuildError) as caught:
        Syntax().check([path])

    assert str(caught.value).startswith(f"{path}{place}")
    assert caret in caught.value.detail


def test_a_file_that_was_broken_from_the_start_is_not_minded_until_it_is_saved(tmp_path: Path) -> None:
    syntax, path = Syntax(), save(tmp_path / "old.py", "print 'python 2'\n")

    syntax.accept([path])
    syntax.check([path])
    save(path, "print 'python two'\n")

    with pytest.raises(BuildError, match="Missing parentheses"):
        syntax.check([path])


def test_a_broken_file_stays_broken_while_others_are_saved(tmp_path: Path) -> None:
    syntax, broken, other = Syntax(), save(tmp_path / "a.py", "x ="), save(tmp_path / "b.py", "y = 1")

    for _ in range(2):
        with pytest.raises(BuildError, match=r"a\.py:1:4"):
            syntax.check([other, broken])


def test_a_null_byte_and_a_file_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="null byte"):
        Syntax().check([save(tmp_path / "n.py", "x = 1\0")])
    Syntax().check([tmp_path / "gone.py"])


def test_a_broken_file_that_goes_while_it_is_looked_at_is_shown_as_it_was(tmp_path: Path) -> None:
    path = Fleeting(save(tmp_path / "app.py", "x = = 1\n"))

    with pytest.raises(BuildError, match=r"app\.py:1:5") as caught:
        check_python(path)

    assert "    1 | x = = 1" in caught.value.detail
