"""Layers, merged into one folder that stands for /opt."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


def merge_layers(layers: Sequence[Path], into: Path) -> Path | None:
    """The folder with every layer's files, a later layer over an earlier one; None without layers.

    One layer is taken as it is. Several are merged once, below `into`, under a name made of theirs; the folder appears
    in one step, so that an engine killed in the middle leaves nothing that is taken for whole.
    """
    if len(layers) <= 1:
        return layers[0] if layers else None
    name = hashlib.sha256("\n".join(str(layer) for layer in layers).encode()).hexdigest()[:16]
    merged = into / name
    if merged.exists():
        return merged
    into.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="merging-", dir=into))
    for layer in layers:
        _copy_over(layer, draft)
    try:
        draft.rename(merged)
    except OSError:
        # another thread was first
        shutil.rmtree(draft)
    return merged


def _copy_over(source: Path, target: Path) -> None:
    """Copy a tree into another; hard links where they can be had, since a layer's files are only read."""
    for folder, _folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        # functions run as other users, and an engine has its files for itself
        here.chmod(0o755)
        for file in files:
            destination = here / file
            destination.unlink(missing_ok=True)
            try:
                os.link(Path(folder) / file, destination, follow_symlinks=False)
            except OSError:
                shutil.copy2(Path(folder) / file, destination, follow_symlinks=False)
