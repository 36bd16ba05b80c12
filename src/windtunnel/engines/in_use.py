"""Which engine a command is for where nobody says: the one that is up, else the one in windtunnel.toml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from windtunnel.config import Settings
from windtunnel.engines import ENGINES, make_engine
from windtunnel.files import write_whole

AWS = "aws"
"""Never taken for being in use: it is asked for by name, as it costs money."""


def follow(settings: Settings) -> Settings:
    """The settings for the engine that was started last and is still there; as given where an engine was chosen."""
    if "engine" in settings.chosen or settings.engine == AWS:
        return settings
    started = _read(_path(settings))
    if started == settings.engine or started not in ENGINES or started == AWS:
        return settings
    followed = replace(settings, engine=started)
    return settings if make_engine(followed).status().state == "down" else followed


def remember(settings: Settings) -> None:
    """An engine was started, or found up by who would have started it."""
    if settings.engine != AWS:
        write_whole(_path(settings), settings.engine + "\n")


def forget(settings: Settings) -> None:
    """It was ended."""
    path = _path(settings)
    if _read(path) == settings.engine:
        path.unlink(missing_ok=True)


def _path(settings: Settings) -> Path:
    return settings.state_dir / "engine-in-use"


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
