from __future__ import annotations

import os
from pathlib import Path

import pytest

from windtunnel.functions.layers import merge_layers


def layer(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / "python" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_no_layers_are_none(tmp_path: Path) -> None:
    assert merge_layers([], tmp_path) is None


def test_one_layer_is_taken_as_it_is(tmp_path: Path) -> None:
    only = layer(tmp_path / "a", x="1")

    assert merge_layers([only], tmp_path / "merged") == only


def test_merged_layers_are_for_every_user(tmp_path: Path) -> None:
    """Functions run as users of their own."""
    for name in "ab":
        (tmp_path / name / "python").mkdir(parents=True)

    before = os.umask(0o077)
    try:
        merged = merge_layers([tmp_path / "a", tmp_path / "b"], tmp_path / "merged")
    finally:
        os.umask(before)

    assert merged is not None
    assert [folder.stat().st_mode & 0o777 for folder in (merged, merged / "python")] == [0o755, 0o755]


def test_a_later_layer_covers_an_earlier_one_and_harms_it_not(tmp_path: Path) -> None:
    first, second = layer(tmp_path / "a", x="first", y="first"), layer(tmp_path / "b", x="second")

    merged = merge_layers([first, second], tmp_path / "merged")

    assert merged is not None
    assert (merged / "python/x.py").read_text() == "second"
    assert (merged / "python/y.py").read_text() == "first"
    assert (first / "python/x.py").read_text() == "first"


def test_layers_are_merged_once_and_in_their_order(tmp_path: Path) -> None:
    a, b = layer(tmp_path / "a", x="a"), layer(tmp_path / "b", x="b")

    assert merge_layers([a, b], tmp_path / "m") == merge_layers([a, b], tmp_path / "m")
    assert merge_layers([a, b], tmp_path / "m") != merge_layers([b, a], tmp_path / "m")
    assert len(list((tmp_path / "m").iterdir())) == 2


@pytest.mark.parametrize("leftover", ["merging-killed"])
def test_a_merge_that_was_killed_is_not_taken_for_whole(tmp_path: Path, leftover: str) -> None:
    a, b = layer(tmp_path / "a", x="a"), layer(tmp_path / "b", y="b")
    (tmp_path / "m" / leftover).mkdir(parents=True)

    merged = merge_layers([a, b], tmp_path / "m")

    assert merged is not None
    assert sorted(path.name for path in merged.rglob("*.py")) == ["x.py", "y.py"]


def test_everybody_may_read_what_is_merged(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "python").mkdir(parents=True)
        (tmp_path / name / "python" / f"{name}.py").write_text("")
    old = os.umask(0o077)
    try:
        merged = merge_layers([tmp_path / "one", tmp_path / "two"], tmp_path / "merged")
    finally:
        os.umask(old)

    assert merged is not None
    assert [folder.stat().st_mode & 0o777 for folder in (merged, merged / "python")] == [0o755, 0o755]
