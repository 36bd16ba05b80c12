from __future__ import annotations

import pytest
from proxy_integration.environment import InvalidEnvironment, required


def test_values_come_in_the_order_of_the_names() -> None:
    assert required({"B": " b ", "A": "a", "C": "c"}, "A", "B") == ("a", "b")


def test_all_that_are_missing_are_named_at_once() -> None:
    with pytest.raises(InvalidEnvironment, match="not set: A, C"):
        required({"A": " ", "B": "b"}, "A", "B", "C")
