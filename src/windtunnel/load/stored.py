"""Runs that are over, as they were written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.errors import WindtunnelError
from windtunnel.load.compare import Run
from windtunnel.load.figures import measured_stretch
from windtunnel.load.samples import read_samples


@dataclass(frozen=True)
class Stored:
    """A run's report and its samples."""

    folder: Path
    document: Mapping[str, Any]
    run: Run


def read_run(path: Path, home: Path) -> Stored:
    """The run in a folder, which may be given by its name below `home`. Raises WindtunnelError where there is none."""
    folder = next((folder for folder in (path, home / path) if (folder / "report.json").is_file()), None)
    if folder is None:
        runs = ", ".join(sorted(entry.name for entry in home.glob("*") if (entry / "report.json").is_file()))
        raise WindtunnelError(f"there is no run in {path}", hint=f"runs in {home}: {runs or 'none'}")
    folder = folder.resolve()
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    samples = read_samples(folder / "samples.jsonl")
    last = max((batch.moment for batch in samples.last.values()), default=0.0)
    return Stored(folder, document, Run(samples, measured_stretch(samples, document["plan"]["warmup"], last)))
