"""API reference, "CreateAuthorizer", authorizerResultTtlInSeconds."""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.apigateway.authorizer_cache import AuthorizerCache, cache_key
from windtunnel.apigateway.definition import Authorizer, Stage


def test_an_answer_is_kept_for_its_time() -> None:
    cache: AuthorizerCache[str] = AuthorizerCache()

    cache.put(("a",), "answer", 300, now=100.0)

    assert cache.get(("a",), now=399.9) == "answer"
    assert cache.get(("b",), now=100.0) is None
    assert cache.get(("a",), now=400.0) is None
    assert len(cache) == 0


def test_a_ttl_of_zero_keeps_nothing_and_none_is_longer_than_an_hour() -> None:
    # "If it equals 0, authorization caching is disabled"; "The maximum value is 3600, or 1 hour"
    cache: AuthorizerCache[str] = AuthorizerCache()

    cache.put(("a",), "answer", 0, now=0.0)
    cache.put(("b",), "answer", 100_000, now=0.0)

    assert cache.get(("a",), now=0.0) is None
    assert cache.get(("b",), now=3_599.0) == "answer"
    assert cache.get(("b",), now=3_600.0) is None


def test_the_answers_asked_for_longest_ago_go_first() -> None:
    cache: AuthorizerCache[int] = AuthorizerCache(capacity=2)
    cache.put(("a",), 1, 300, now=0.0)
    cache.put(("b",), 2, 300, now=0.0)
    assert cache.get(("a",), now=1.0) == 1

    cache.put(("c",), 3, 300, now=2.0)

    assert [cache.get((name,), now=3.0) for name in "abc"] == [1, None, 3]


def test_what_is_kept_is_one_authorizers_of_one_deployment(
    make_stage: Callable[..., Stage], make_authorizer: Callable[..., Authorizer]
) -> None:
    stages = [make_stage(), make_stage(stage_name="b"), make_stage(api_id="b"), make_stage(deployment_id="d2")]
    authorizers = [make_authorizer(), make_authorizer(id="b")]

    keys = {
        cache_key(stage, authorizer, identity)
        for stage in stages
        for authorizer in authorizers
        for identity in (("x", "y"), ("y", "x"))
    }

    assert len(keys) == 16
