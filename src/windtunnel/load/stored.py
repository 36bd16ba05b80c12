"""Runs that are over, as they were written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.errors import WindtunnelError
from windtunnel.load.compare import Run
from windtunnel.load.figures import ALL, Stretch, measured_stretch, totals
from windtunnel.load.report import VERSION
from windtunnel.load.samples import Samples, read_samples

REPORT, SAMPLES = "report.json", "samples.jsonl"
NEEDED = ("run", "plan", "engine", "machine", "endpoints", "series", "summary")
REMEDY = "name another run, or run the load again"


@dataclass(frozen=True)
class Stored:
    """A run's report and its samples."""

    folder: Path
    document: Mapping[str, Any]
    run: Run


def read_run(path: Path, home: Path) -> Stored:
    """The run in a folder, which may be given by its name below `home`. Raises WindtunnelError where there is none, and
    where its files are damaged or of another version."""
    folder = next((folder for folder in (path, home / path) if (folder / REPORT).is_file()), None)
    if folder is None:
        runs = ", ".join(sorted(entry.name for entry in home.glob("*") if (entry / REPORT).is_file()))
        raise WindtunnelError(f"there is no run in {path}", hint=f"runs in {home}: {runs or 'none'}")
    folder = folder.resolve()
    document = _document(folder)
    samples = _samples(folder)
    last = max((batch.moment for batch in samples.last.values()), default=0.0)
    stretch = measured_stretch(samples, document["plan"]["warmup"], last)
    _require_whole(folder, document, samples, stretch)
    return Stored(folder, document, Run(samples, stretch))


def _document(folder: Path) -> Mapping[str, Any]:
    place = f"{REPORT} of the run {folder.name}"
    try:
        document = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, or no JSON
        raise WindtunnelError(f"{place} is damaged: {error}", hint=REMEDY) from error
    if not isinstance(document, dict) or "version" not in document:
        raise WindtunnelError(f"{place} is damaged: it is no report", hint=REMEDY)
    if document["version"] != VERSION:
        said = f"{place} is of version {document['version']}, and this windtunnel reads version {VERSION}"
        raise WindtunnelError(said, hint="compare it with the windtunnel that wrote it, or run the load again")
    lacking = [key for key in NEEDED if key not in document]
    if lacking or not isinstance(document["plan"], dict) or "warmup" not in document["plan"]:
        raise WindtunnelError(f"{place} is damaged: it has no {', '.join(lacking) or 'plan'}", hint=REMEDY)
    return document


def _samples(folder: Path) -> Samples:
    place = f"{SAMPLES} of the run {folder.name}"
    if not (folder / SAMPLES).is_file():
        hint = "a comparison needs the whole folder of a run: copy it whole, or run the load again"
        raise WindtunnelError(f"{place} is not there", hint=hint)
    try:
        return read_samples(folder / SAMPLES)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # no UTF-8, no JSON, or no batch and no mark
        raise WindtunnelError(f"{place} is damaged: {type(error).__name__}: {error}", hint=REMEDY) from error


def _require_whole(folder: Path, document: Mapping[str, Any], samples: Samples, stretch: Stretch) -> None:
    """Raise where the samples have less than the report was made from: lines are missing at the end."""
    told = next((row["requests"] for row in document["endpoints"] if row["endpoint"] == ALL), 0)
    found = totals(samples, stretch)[ALL].requests
    if found < told:
        said = f"{SAMPLES} of the run {folder.name} is damaged: it has {found:,} of {told:,} measured requests"
        raise WindtunnelError(said, hint=REMEDY)
