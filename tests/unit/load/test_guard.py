from __future__ import annotations

import pytest

from windtunnel.load.guard import Caps, CostError, check_caps, estimate, lasting, question, require_agreement
from windtunnel.load.prices import read_prices


def test_nobody_pays_by_accident() -> None:
    with pytest.raises(CostError, match="costs money") as refused:
        require_agreement(agreed=False, can_ask=False)

    assert "--yes-cost-money" in refused.value.hint
    require_agreement(agreed=True, can_ask=False)
    require_agreement(agreed=False, can_ask=True)


def test_a_run_longer_than_its_cap_is_refused_even_if_agreed() -> None:
    with pytest.raises(CostError, match="more than the cap of 10 minutes"):
        check_caps(601, Caps())

    check_caps(600, Caps())
    check_caps(1200, Caps(minutes=20))


def test_the_question_has_the_most_that_it_can_cost() -> None:
    prices = read_prices("us-east-1")
    dollars = estimate(600, Caps(rate=50), prices)

    # 30,000 requests: 0.105 for API Gateway alone, and less than ten times that in all
    assert 0.105 < dollars < 1.0
    assert estimate(600, Caps(rate=100), prices) == pytest.approx(2 * dollars)
    asked = question(dollars, 600, Caps(rate=50), "windtunnel")
    assert "50 requests a second for 600 s" in asked
    assert f"${dollars:.2f}" in asked


def test_what_is_agreed_to_of_a_run_from_the_web_ui_is_the_cap() -> None:
    assert lasting(60, Caps(minutes=20), interactive=True) == 1200
    assert lasting(60, Caps(minutes=20), interactive=False) == 60
