from __future__ import annotations

from windtunnel.deploy.sam import sam_options


def test_what_a_part_inherits_overrides_its_parameters() -> None:
    options = sam_options("app-observability", "eu-central-1", {"ApiName": "app", "QueueName": "app-jobs-Queue-1"})

    assert options == [
        *("--stack-name", "app-observability", "--region", "eu-central-1"),
        *("--parameter-overrides", "ApiName=app", "QueueName=app-jobs-Queue-1"),
    ]


def test_nothing_is_overridden_where_nothing_is_inherited() -> None:
    assert "--parameter-overrides" not in sam_options("app", "eu-central-1", {})
