from __future__ import annotations

import pytest

from bench.machine import cpu_model


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
