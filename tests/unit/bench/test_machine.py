from __future__ import annotations

import pytest

from bench.machine import cpu_model
from bench.memory import pss_kib


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("processor\t: 0\nmodel name\t: AMD  EPYC 7B13\ncpu MHz\t\t: 2449.998\n", "AMD EPYC 7B13"),
        ("processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
        ("processor\t: 0\n", ""),
    ],
)
def test_the_processors_name(text: str, model: str) -> None:
    assert cpu_model(text) == model


def test_the_proportional_share_is_read() -> None:
    text = "55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:   55000 kB\nPss:   21034 kB\nPss_Anon:   18000 kB\n"

    assert pss_kib(text) == 21034
    assert pss_kib("Rss:   55000 kB\n") is None
