from __future__ import annotations

import math

import pytest
import typer

from windtunnel.errors import ConfigError, DeployError
from windtunnel.load.cli import address, before_the_run, finite, lengths, require_shape
from windtunnel.load.shape import SHAPES


def test_a_shapes_own_lengths_count_where_nothing_is_said() -> None:
    assert [lengths(shape, None, None) for shape in SHAPES] == [
        (length.seconds, length.warmup) for length in SHAPES.values()
    ]


def test_a_short_run_has_a_short_warm_up() -> None:
    assert lengths("steady", 20, None) == (20, 5)
    assert lengths("steady", 2.5, None) == (2.5, 0.5)
    assert lengths("steady", 2, None) == (2, 0)


@pytest.mark.parametrize(
    ("seconds", "warmup", "least"), [(1, None, 2), (1.9, 0, 2), (10, 9, 11), (60, 60, 62), (5, 3.5, 5.5)]
)
def test_a_run_that_measures_no_whole_second_is_refused_with_the_least(
    seconds: float, warmup: float | None, least: float
) -> None:
    with pytest.raises(ConfigError, match="too short to measure a whole second") as refused:
        lengths("steady", seconds, warmup)

    assert f"--seconds {least:g} is the least" in refused.value.hint
    assert lengths("steady", least, warmup)[0] == least


def test_a_shape_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no shape 'stedy'") as refused:
        require_shape("stedy")

    assert refused.value.hint == "did you mean 'steady'?"


def test_what_keeps_a_run_from_beginning_is_not_taken_for_a_missed_target() -> None:
    with pytest.raises(DeployError, match="is not deployed") as refused, before_the_run():
        raise DeployError("stack windtunnel is not deployed to aws", hint="make up")

    assert refused.value.exit_code == 2
    assert refused.value.hint == "make up"


def test_options_that_nothing_can_be_done_with_are_refused() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(typer.BadParameter):
            finite(value)
    with pytest.raises(typer.BadParameter):
        address("10.0.0.5:4566")

    assert finite(0.5) == 0.5
    assert finite(None) is None
    assert address("") == ""
    assert address("http://10.0.0.5:4566/x") == "http://10.0.0.5:4566/x"
