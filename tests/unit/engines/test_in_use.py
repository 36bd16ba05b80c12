"""Which engine a command is for: what needs no engine. tests/integration/harness/test_cli.py has one that is up."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.config import Settings
from windtunnel.engines.in_use import follow, forget, remember


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, state_dir=tmp_path / "state", engine="localstack")


def of(settings: Settings, engine: str, *chosen: str) -> Settings:
    return Settings(root=settings.root, state_dir=settings.state_dir, engine=engine, chosen=frozenset(chosen))


def test_where_nothing_was_started_the_settings_are_as_given(settings: Settings) -> None:
    assert follow(settings) is settings


def test_an_engine_that_was_started_and_is_gone_is_not_followed(settings: Settings) -> None:
    remember(of(settings, "embedded"))

    assert follow(settings) is settings


def test_aws_is_neither_remembered_nor_left(settings: Settings) -> None:
    remember(of(settings, "aws"))
    aws = of(settings, "aws")

    assert not settings.state_dir.exists()
    assert follow(aws) is aws


@pytest.mark.parametrize("text", ["aws\n", "docker\n", "", "\xff\xfe"])
def test_a_file_that_says_something_else_is_nothing(settings: Settings, text: str) -> None:
    settings.state_dir.mkdir()
    (settings.state_dir / "engine-in-use").write_bytes(text.encode("latin-1"))

    assert follow(settings) is settings


def test_only_the_engine_that_was_remembered_is_forgotten(settings: Settings) -> None:
    file = settings.state_dir / "engine-in-use"
    remember(of(settings, "embedded"))

    forget(settings)
    kept = file.read_text()
    forget(of(settings, "embedded"))

    assert kept == "embedded\n"
    assert not file.exists()
