"""Reproducible zip files: the same contents make the same bytes, whenever and wherever one zlib packs them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""
LEVEL = 6


@dataclass(frozen=True)
class Entry:
    """A file to pack: its contents, or where they are."""

    content: bytes | Path
    executable: bool = False


def write_archive(target: Path, entries: Mapping[str, Entry]) -> None:
    """Pack entries, by their names inside, in the order of these. Files are 0644 or, if executable, 0755.

    Lambda's function users other than root must be able to read them, whatever the umask here was.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(entries):
            entry = entries[name]
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix, so that the mode means something, on macOS and Linux alike
            info.external_attr = (0o100755 if entry.executable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            content = entry.content if isinstance(entry.content, bytes) else entry.content.read_bytes()
            archive.writestr(info, content, compresslevel=LEVEL)
