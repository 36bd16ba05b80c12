from __future__ import annotations

import pytest

from windtunnel.dynamodb import capacity


# DynamoDB Developer Guide, "Read and write capacity units"
@pytest.mark.parametrize(
    ("size", "consistent", "transactional", "units"),
    [
        (0, True, False, 1),
        (1, False, False, 0.5),
        (4096, True, False, 1),
        (4097, True, False, 2),
        (4097, False, False, 1),
        (4097, True, True, 4),
        (1, False, True, 2),
    ],
)
def test_reads_cost_by_4_kb(size: int, consistent: bool, transactional: bool, units: float) -> None:
    assert capacity.read_units(size, consistent, transactional) == units


@pytest.mark.parametrize(
    ("size", "transactional", "units"), [(0, False, 1), (1024, False, 1), (1025, False, 2), (1025, True, 4)]
)
def test_writes_cost_by_1_kb(size: int, transactional: bool, units: float) -> None:
    assert capacity.write_units(size, transactional) == units
