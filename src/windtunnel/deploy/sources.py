"""An artifact's source files: which count, and the digest that says whether they changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

NEVER = (
    ".git",
    ".hg",
    ".svn",
    ".aws-sam",
    ".windtunnel",
    "__pycache__",
    "*.pyc",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".tox",
    ".nox",
    ".venv",
    ".DS_Store",
)
"""What no artifact holds: it changes by itself, or belongs to tools."""

PYTHON_BUILD = (
    *NEVER,
    ".chalice",
    ".gitignore",
    "*.so",
    ".Python",
    "*.egg-info",
    "*.egg",
    "pip-log.txt",
    "pip-delete-this-directory.txt",
    "htmlcov",
    ".coverage",
    ".cache",
    ".python-version",
    ".dmypy.json",
    ".pyre",
    ".env",
    "venv",
    "venv.bak",
    "env.bak",
    "ENV",
    "env",
    ".vscode",
    ".idea",
)
"""What `sam build` leaves out of a Python function or layer besides (EXCLUDED_FILES of AWS Lambda Builders 1.6x)."""


@dataclass(frozen=True)
class SourceFile:
    """A file of an artifact: its name inside (with forward slashes), and where it is."""

    name: str
    path: Path

    @property
    def executable(self) -> bool:
        """Whether its owner may run it: the one part of a file's mode that means something in Lambda."""
        return bool(self.path.stat().st_mode & 0o100)


def source_files(folder: Path, exclude: Sequence[str]) -> list[SourceFile]:
    """The files below a folder, sorted by name. Links are followed: what Lambda gets is files."""
    return sorted(_walk(folder, "", exclude, (folder.resolve(),)), key=lambda file: file.name)


def _walk(folder: Path, prefix: str, exclude: Sequence[str], above: tuple[Path, ...]) -> Iterator[SourceFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if any(fnmatchcase(entry.name, pattern) for pattern in exclude):
                continue
            path, name = Path(entry.path), prefix + entry.name
            if not entry.is_dir():
                # a socket or a dangling link (an editor's lock, say) is no source
                if entry.is_file():
                    yield SourceFile(name, path)
                continue
            real = path.resolve() if entry.is_symlink() else above[-1] / entry.name
            if real not in above:  # a link to a folder above it would go round for ever
                yield from _walk(path, f"{name}/", exclude, (*above, real))


def digest(files: Iterable[SourceFile], salt: Sequence[str]) -> str:
    """A hexadecimal SHA-256 of names, modes and contents, and of the `salt` that says how they are used."""
    total = hashlib.sha256()
    for text in salt:
        total.update(_framed(text.encode()))
    for file in files:
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        total.update(_framed(file.name.encode(errors="surrogateescape")) + bytes([file.executable]) + content)
    return total.hexdigest()


def _framed(value: bytes) -> bytes:
    """Length and value, so that no two lists of values read the same."""
    return len(value).to_bytes(8, "big") + value
