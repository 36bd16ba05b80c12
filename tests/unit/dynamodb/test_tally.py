from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.dynamodb.tally import SLOTS, Key, Tally

MINUTE = 1_800_000_000


def key(value: float, table: str = "things") -> Key:
    return "ConsumedReadCapacityUnits", "1", "us-east-1", table, "", "", value


@pytest.mark.parametrize("on_disk", [True, False])
def test_each_value_is_counted(tmp_path: Path, on_disk: bool) -> None:
    tally = Tally(tmp_path / "a-1" if on_disk else None, MINUTE)

    for value in (0.5, 2.0, 0.5):
        tally.add(key(value))
    tally.add(key(0.5, "others"))

    counted = [(key(0.5), 2), (key(2.0), 1), (key(0.5, "others"), 1)]
    assert list(tally.entries()) == counted
    tally.seal()
    assert list(tally.entries()) == counted


def test_what_was_counted_is_read_by_who_finds_it(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "a-1", MINUTE)
    for _ in range(3):
        tally.add(key(1.5))
    tally.add(key(2.0, "ünïcode"))

    found = Tally.read(tmp_path / "a-1")  # nobody closed it: as after kill -9

    assert found.minute == MINUTE
    assert list(found.entries()) == [(key(1.5), 3), (key(2.0, "ünïcode"), 1)]
    found.delete()
    assert list(tmp_path.iterdir()) == []
    tally.seal()


def test_a_name_that_was_broken_off_is_none(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "a-1", MINUTE)
    tally.add(key(1))
    tally.seal()
    with (tmp_path / "a-1.names").open("a") as names:
        names.write('["ConsumedRe')

    assert list(Tally.read(tmp_path / "a-1").entries()) == [(key(1), 1)]


def test_files_that_are_no_tally_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a-1.counts").write_bytes(b"short")
    (tmp_path / "a-1.names").write_text(f"{MINUTE}\n")

    with pytest.raises(ValueError, match="5 bytes"):
        Tally.read(tmp_path / "a-1")


def test_a_full_one_takes_nothing_new(tmp_path: Path) -> None:
    tally = Tally(None, MINUTE)
    for value in range(SLOTS):
        assert tally.add(key(value))

    assert not tally.add(key(SLOTS))
    assert tally.add(key(0))
    assert sum(count for _, count in tally.entries()) == SLOTS + 1
