"""For every integration test."""

from __future__ import annotations

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """xdist's workers ignore Ctrl-C, and so would every process that a test starts; a handler is not inherited."""
    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
