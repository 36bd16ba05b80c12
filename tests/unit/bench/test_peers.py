from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.peers import SYSTEMS, choose

ROOT = Path(__file__).parents[3]


def test_windtunnel_is_always_measured() -> None:
    assert [system.name for system in choose("ministack")] == ["windtunnel", "ministack"]
    assert [system.name for system in choose("windtunnel")] == ["windtunnel"]
    assert [system.name for system in choose("")] == list(SYSTEMS)


def test_a_peer_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BenchError, match="no peer moto"):
        choose("ministack,moto")


def test_locks_pin_the_peers_and_name_no_address() -> None:
    locks = {
        "requirements/engine.txt": "localstack-core==4.14.0",
        "requirements/bench/localemu.txt": "localemu==1.3.2",
        "requirements/bench/ministack.txt": "ministack==1.5.33",
    }

    for lock, pinned in locks.items():
        text = (ROOT / lock).read_text()

        assert f"\n{pinned} " in text
        assert "://" not in text
