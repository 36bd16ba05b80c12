"""Access key ids and their accounts."""

from __future__ import annotations

import pytest

from windtunnel.access_key import account_of


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("123456789012", "123456789012"),
        # the first two are in LocalStack's own documentation of the scheme, with AWS's letters in front
        ("LSIAQAAAAAAAGMKEM7X5", "000000000000"),
        ("LKIARZPUZDIKGB2VALC4", "123456789012"),
        # AWS's own keys are nobody's here
        ("AKIARZPUZDIKGB2VALC4", "000000000000"),
        ("test", "000000000000"),
        ("none", "000000000000"),
        ("LSIA", "000000000000"),
        ("LSIA1AAAAAAAGMKEM7X5", "000000000000"),
        ("LSIAAAAAAAAAGMKEM7X5", "000000000000"),
        ("LSIA77777777GMKEM7X5", "000000000000"),
        ("LSIAQAAAAAAA1MKEM7X5", "000000000000"),
        ("", "000000000000"),
    ],
)
def test_the_account_of_a_key(key: str, account: str) -> None:
    assert account_of(key) == account
