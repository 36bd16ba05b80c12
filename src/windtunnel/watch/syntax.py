"""Whether sources can be compiled: what cannot is not served, and said with its line."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Iterable
from pathlib import Path

from windtunnel.errors import BuildError

STALE_HINT = "mend it and save; until then the code from before is served"
State = tuple[int, int]
"""Time of change and size: another state, another content."""


class Syntax:
    """Remembers which states of files are fine. Those that were there from the start are not to be minded."""

    def __init__(self) -> None:
        self._passed: dict[Path, State] = {}

    def accept(self, paths: Iterable[Path]) -> None:
        """Take these files as they are. A template's sources may hold what no interpreter is ever to see."""
        for path in paths:
            if (state := _state(path)) is not None:
                self._passed[path] = state

    def check(self, paths: Iterable[Path]) -> None:
        """Raises BuildError for the first file that cannot be compiled, with its line and a caret."""
        for path in paths:
            state = _state(path)
            if state is None or self._passed.get(path) == state:
                continue
            if path.suffix == ".py":
                check_python(path)
            elif path.suffix in {".js", ".mjs", ".cjs"}:
                check_javascript(path)
            self._passed[path] = state


def check_python(path: Path) -> None:
    """Raises BuildError where the file is no Python."""
    try:
        content = path.read_bytes()
    except OSError:
        return  # it was removed meanwhile: the next batch tells
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        raise BuildError(
            f"{path}:{line}:{column}: {type(error).__name__}: {error.msg}",
            hint=STALE_HINT,
            detail=excerpt(_lines(content), line, column, error.end_offset if error.end_lineno == line else None),
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        # a null byte; nested deeper than the compiler goes
        raise BuildError(f"{path}:1:1: SyntaxError: {error}", hint=STALE_HINT) from error


def check_javascript(path: Path) -> None:
    """The same for Node.js, where there is one: its own words name the line, with a caret below."""
    node = shutil.which("node")
    if node is None:
        return
    told = subprocess.run([node, "--check", str(path)], capture_output=True, text=True, check=False)
    if told.returncode and path.exists():
        lines = [line for line in told.stderr.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
        problem = next((line for line in lines if "Error:" in line), "SyntaxError")
        where = lines[0] if lines and lines[0].startswith(str(path)) else str(path)
        raise BuildError(f"{where}: {problem}", hint=STALE_HINT, detail="\n".join(lines[1:3]))


def excerpt(lines: list[str], line: int, column: int, end: int | None) -> str:
    """The line and the one before it, with carets below; line and columns are counted from 1."""
    shown = [f"{number:>5} | {lines[number - 1]}" for number in (line - 1, line) if 1 <= number <= len(lines)]
    return "\n".join([*shown, " " * (7 + column) + "^" * max(1, (end or 0) - column)])


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", errors="replace").splitlines()


def _state(path: Path) -> State | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
