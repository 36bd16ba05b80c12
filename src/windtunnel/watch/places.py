"""What is watched: which folders, which changes count, and which file systems tell of changes at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from windtunnel.deploy.sources import NEVER

SILENT = ("9p", "drvfs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "vboxsf", "vmhgfs", "prl_fs", "virtiofs", "fuse")
"""File systems on which the kernel tells of no change that another machine makes, or (WSL's 9p) of none at all."""

EDITORS = (
    re.compile(r"\.sw[a-z]$|~$|\.tmp$|\.(?:bak|orig)$"),
    re.compile(r"^(?:\.#.*|#.*#|4913|\.goutputstream-.*|flycheck_.*|.*___jb_(?:tmp|old)___)$"),
)
"""What editors put beside a file while they save it: Vim, Emacs, GNOME, JetBrains."""


@dataclass(frozen=True)
class Place:
    """A folder to watch, with all below it or only what is directly in it."""

    path: Path
    recursive: bool
    inode: int
    """A folder that was removed and made anew is another one."""


def places(sources: Iterable[Path], files: Iterable[Path]) -> frozenset[Place]:
    """The folders that source folders and single files are watched by. A source that is not there is left out.

    What no artifact holds is not watched: a .venv or .git in a source has thousands of folders.
    """
    found = {Place(file.parent, False, inode) for file in files if (inode := _inode(file.parent))}
    for source in sources:
        try:
            below = [path for path in source.iterdir() if path.is_dir()]
        except OSError:
            # a file, or nothing: it may be made, or be gone since just now
            if inode := _inode(source.parent):
                found.add(Place(source.parent, False, inode))
            continue
        left_out = [path for path in below if _excluded(path.name)]
        if not left_out:
            found.add(Place(source, True, _inode(source)))
            continue
        found.add(Place(source, False, _inode(source)))
        found |= {Place(path, True, _inode(path)) for path in below if path not in left_out}
    return frozenset(found)


def counts(path: Path, sources: Iterable[Path], files: Iterable[Path]) -> bool:
    """Whether a change of this path may change an artifact, or is one of the `files`."""
    if path in files:
        return True
    if any(pattern.search(path.name) for pattern in EDITORS):
        return False
    for source in sources:
        if path.is_relative_to(source) and not any(_excluded(part) for part in path.relative_to(source).parts):
            return True
    return False


def read_mounts(text: str) -> Mapping[Path, str]:
    """The kind of file system by the folder it is at; `text` is that of /proc/mounts (fstab(5))."""
    mounts = {}
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) >= 3:
            place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
            mounts[Path(place)] = fields[2]
    return mounts


def is_silent(path: Path, mounts: Mapping[Path, str]) -> bool:
    """Whether the file system that the path is on has to be looked through, because it tells of no change."""
    for folder in (path, *path.parents):
        if folder in mounts:
            kind = mounts[folder]
            return kind in SILENT or kind.startswith("fuse.")
    return False


def _excluded(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in NEVER)


def _inode(path: Path) -> int:
    """0 where it is not there."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
