from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.query import parse_query


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # recorded: test_apigateway_lambda, test_lambda_aws_proxy_integration
        ("dateTimeOffset=2023-06-12T18:05:10+00:00", [("dateTimeOffset", "2023-06-12T18:05:10 00:00")]),
        ("email=test%2Balias@gmail.com", [("email", "test+alias@gmail.com")]),
        ("plus=test+alias@gmail.com", [("plus", "test alias@gmail.com")]),
        ("url=https://www.google.com/", [("url", "https://www.google.com/")]),
        ("whitespace=foo%20bar&zhash=abort/", [("whitespace", "foo bar"), ("zhash", "abort/")]),
        ("category=electronics&category=books", [("category", "electronics"), ("category", "books")]),
        # "Amazon API Gateway important notes", REST APIs: the semicolon splits
        ("a=1;b=2", [("a", "1"), ("b", "2")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("=v", [("", "v")]),
        ("&&", []),
        ("n%C3%A9=%C3%A9", [("né", "é")]),
        # raw UTF-8, which the server hands on as latin-1
        ("q=Ã©", [("q", "é")]),
        ("q=%ff", [("q", "\ufffd")]),
        ("q=%zz%", [("q", "%zz%")]),
    ],
)
def test_names_and_values(query: str, expected: list[tuple[str, str]]) -> None:
    assert parse_query(query) == expected


@given(st.lists(st.tuples(st.text(min_size=1).filter(str.isprintable), st.text().filter(str.isprintable))))
def test_what_is_encoded_comes_out_again(pairs: list[tuple[str, str]]) -> None:
    assert parse_query(urlencode(pairs)) == pairs
