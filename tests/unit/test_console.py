from __future__ import annotations

import io
import shlex

from rich.console import Console

from windtunnel.config import Example
from windtunnel.console import Screen, curl_line
from windtunnel.errors import EngineError
from windtunnel.stack import Stack

STACK = Stack(
    name="s",
    engine="embedded",
    region="us-east-1",
    endpoint_url="http://127.0.0.1:1",
    api_id="x",
    api_stage="Prod",
    api_url="http://127.0.0.1:1/x/Prod",
    root_url="http://127.0.0.1:2",
    api_key="k3y",
    outputs={},
)


def test_a_curl_line_is_one_shell_line_with_key_and_body() -> None:
    example = Example("create", "POST", "/users", """{"name": "O'Hara"}""")

    words = shlex.split(curl_line(STACK, example))

    assert words[:4] == ["curl", "-sS", "-X", "POST"]
    assert words[4] == "http://127.0.0.1:1/x/Prod/users"
    assert words[words.index("-d") + 1] == """{"name": "O'Hara"}"""
    assert "x-api-key: k3y" in words


def test_a_get_needs_no_method_and_no_body() -> None:
    assert curl_line(STACK, Example("list", "GET", "/users")).split()[:3] == [
        "curl",
        "-sS",
        "http://127.0.0.1:1/x/Prod/users",
    ]


def test_long_lines_are_never_broken() -> None:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=40), Console(file=out, width=40))

    screen.stack(STACK, [Example("create", "POST", "/users", '{"name": "' + "a" * 300 + '"}')])

    assert any(line.startswith("curl ") and line.endswith("\"}'") for line in out.getvalue().splitlines())


def test_stacks_are_one_blank_line_apart() -> None:
    out = io.StringIO()
    screen = Screen(Console(file=out), Console(file=out))

    screen.stack(STACK, ())
    screen.part(STACK)
    screen.part(STACK)

    assert "\n\ns\n" in out.getvalue()
    assert "\n\n\n" not in out.getvalue()


def test_an_error_shows_what_failed_the_evidence_and_the_remedy() -> None:
    err = io.StringIO()
    screen = Screen(Console(), Console(file=err, width=200))

    screen.error(EngineError("port [4566] is taken", hint="end that", detail="line 1\nline [2]"))

    assert err.getvalue().splitlines() == [
        "error: port [4566] is taken",
        "  | line 1",
        "  | line [2]",
        "  what to do: end that",
    ]
