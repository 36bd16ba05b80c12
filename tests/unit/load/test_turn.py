from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from windtunnel.load.turn import TurnError, taken

MOMENT = datetime(2026, 11, 21, 10, 30)


def test_a_second_run_says_at_once_who_has_the_first(tmp_path: Path) -> None:
    with (
        taken(tmp_path / "load", MOMENT),
        pytest.raises(TurnError, match=f"process {os.getpid()}, since 10:30:00") as refused,
        taken(tmp_path / "load", MOMENT),
    ):
        pytest.fail("two at once")

    assert refused.value.exit_code == 2


def test_runs_of_other_state_folders_and_later_ones_are_free(tmp_path: Path) -> None:
    with taken(tmp_path / "one", MOMENT), taken(tmp_path / "other", MOMENT):
        pass
    with taken(tmp_path / "one", MOMENT):
        pass


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(TurnError, match="cannot be written to: Not a directory") as refused,
        taken(tmp_path / "file/load", MOMENT),
    ):
        pytest.fail("there is no such folder")

    assert "WINDTUNNEL_STATE_DIR" in refused.value.hint
