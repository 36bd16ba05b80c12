from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.lock import locked
from windtunnel.errors import DeployError


def test_a_lock_that_is_taken_is_waited_for_until_the_deadline(tmp_path: Path, deadline: Deadline, clock: Any) -> None:
    waits: list[str] = []
    path = tmp_path / "new/shop.lock"

    with (
        locked(path, "the first", lambda: waits.append("first"), deadline),
        pytest.raises(DeployError, match="after 60 s still waiting for the first"),
        locked(path, "the first", lambda: waits.append("second"), deadline),
    ):
        pytest.fail("two hold the lock")

    assert waits == ["second"]
    assert clock.naps > 10


def test_a_lock_is_free_again_after_its_block(tmp_path: Path, deadline: Deadline) -> None:
    path = tmp_path / "shop.lock"

    for _ in range(2):
        with locked(path, "nobody", lambda: pytest.fail("nobody holds it"), deadline):
            pass
