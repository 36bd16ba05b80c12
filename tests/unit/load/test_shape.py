from __future__ import annotations

import pytest

from windtunnel.load.shape import SHAPES, Stairs, users_at


def test_steady_and_soak_have_all_users_all_the_time() -> None:
    assert {users_at(shape, share, 50) for shape in ("steady", "soak") for share in (0.0, 0.5, 0.99)} == {50}


def test_a_ramp_begins_with_one_and_ends_with_all() -> None:
    counts = [users_at("ramp", share / 10, 50) for share in range(11)]

    assert counts[0] == 1
    assert counts[-1] == 50
    assert counts == sorted(counts)


def test_a_spike_is_in_the_middle() -> None:
    assert [users_at("spike", share, 50) for share in (0.1, 0.39, 0.4, 0.59, 0.6, 0.9)] == [10, 10, 50, 50, 10, 10]


def test_no_shape_is_ever_without_users() -> None:
    assert all(users_at(shape, 0.0, 1) >= 1 for shape in SHAPES if shape != "step")


@pytest.mark.parametrize("limit", [1, 7, 37, 100, 411, 5000])
@pytest.mark.parametrize("first", [1, 10, 64])
def test_the_stairs_find_the_most_that_holds(first: int, limit: int) -> None:
    stairs: Stairs | None = Stairs(first)
    tried = 0
    held = 0

    while stairs is not None:
        tried += 1
        met = stairs.users <= limit
        held = max(held, stairs.users) if met else held
        stairs = stairs.after(met)

    assert held <= limit
    # within the precision: what broke was at most a tenth above
    assert held >= limit / 1.101 - 1
    assert tried < 30


def test_where_nothing_holds_there_is_no_answer() -> None:
    stairs: Stairs | None = Stairs(8)
    last = Stairs(8)
    while stairs is not None:
        last = stairs
        stairs = stairs.after(met=False)

    assert last.held == 0
    assert last.users == 1
