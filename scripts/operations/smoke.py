"""Check a deployed stage from outside, as its users see it: make smoke URL=https://….amazonaws.com/Prod KEY=….

Without URL it is the stack that is up here. It makes one user and takes it away again, whatever happens in between.
Exit code 1 where a check failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.text import Text

TIMEOUT = 35.0
"""Seconds: API Gateway's own is 29."""
SLOW_MS = 3000


class Failed(Exception):
    """An answer is not what it should be."""


@dataclass
class Stage:
    """The stage under test. Each request is timed."""

    url: str
    key: str
    took: list[float] = field(default_factory=list)

    def ask(self, method: str, path: str, *, key: bool = True, **options: Any) -> requests.Response:
        """One request, with the key unless it is to go without."""
        headers = {**({"x-api-key": self.key} if key else {}), **options.pop("headers", {})}
        started = time.perf_counter()
        response = requests.request(method, self.url + path, headers=headers, timeout=TIMEOUT, **options)
        self.took.append((time.perf_counter() - started) * 1000)
        return response


def expect(response: requests.Response, status: int, **body: Any) -> Any:
    """The JSON of an answer with this status and these fields. Raises Failed."""
    if response.status_code != status:
        raise Failed(f"{response.status_code} instead of {status}: {response.text[:200]}")
    try:
        document = response.json()
    except ValueError:
        raise Failed(f"no JSON: {response.text[:200]}") from None
    for name, value in body.items():
        if document.get(name) != value:
            raise Failed(f"{name} is {document.get(name)!r} instead of {value!r}")
    return document


def checks(stage: Stage) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is looked at, in order; later checks build on earlier ones."""
    profile = {"name": "Smoke Test", "email": f"smoke-{uuid.uuid4()}@example.com", "age": 41}
    user: dict[str, Any] = {}

    def path() -> str:
        if not user:
            raise Failed("there is no user to look at: see above")
        return f"/users/{user['userId']}"

    def create() -> None:
        user.update(expect(stage.ask("POST", "/users", json=profile), 201, **profile))

    def update() -> None:
        read = stage.ask("GET", path())
        expect(read, 200)
        changed = stage.ask("PUT", path(), json={**profile, "age": 42}, headers={"If-Match": read.headers["ETag"]})
        expect(changed, 200, age=42)
        expect(stage.ask("PUT", path(), json=profile, headers={"If-Match": read.headers["ETag"]}), 412)

    def delete() -> None:
        gone = path()
        expect(stage.ask("DELETE", gone), 200, userId=user["userId"])
        user.clear()
        expect(stage.ask("GET", gone), 404)

    def preflight() -> None:
        response = stage.ask("OPTIONS", "/users", key=False, headers={"Origin": "https://example.com"})
        if response.status_code != 200 or "POST" not in response.headers.get("Access-Control-Allow-Methods", ""):
            raise Failed(f"{response.status_code} with {dict(response.headers)}")

    def clean() -> None:
        if user:
            stage.ask("DELETE", path())
            raise Failed("the test's user was still there: a check above failed")

    yield "no key, no answer", lambda: expect(stage.ask("GET", "/users", key=False), 403, message="Forbidden")
    yield "no such path", lambda: expect(stage.ask("GET", "/nowhere"), 403, message="Missing Authentication Token")
    yield "a browser may call", preflight
    yield "a wrong user is refused", lambda: expect(stage.ask("POST", "/users", json={}), 400)
    yield "create a user", create
    yield "read it", lambda: expect(stage.ask("GET", path()), 200, **profile)
    yield "list users", lambda: expect(stage.ask("GET", "/users", params={"limit": "1"}), 200)
    yield "change it, once", update
    yield "delete it", delete
    ping = {"operation": "ping"}
    yield "ask the DynamoDBManager", lambda: expect(stage.ask("POST", "/dynamodbmanager", json=ping), 200)
    yield "leave nothing behind", clean


def target(arguments: argparse.Namespace) -> Stage:
    """The stage that is meant. Ends the program where it is not known."""
    if arguments.url:
        if not arguments.key:
            sys.exit("error: a URL needs its API key\n  what to do: make smoke URL=… KEY=…")
        return Stage(arguments.url.rstrip("/"), arguments.key)
    outputs = Path(__file__).parents[2] / ".windtunnel/outputs.json"
    try:
        stack = json.loads(outputs.read_text())
    except FileNotFoundError:
        sys.exit("error: nothing is up here\n  what to do: make up, or make smoke URL=… KEY=…")
    return Stage(stack["api_url"], stack["api_key"])


def main() -> int:
    """Run every check; how many failed is said."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--url", default="", help="the stage's URL, with the stage in it")
    parser.add_argument("--key", default="", help="its API key")
    stage, console, failed = target(parser.parse_args()), Console(highlight=False), 0
    console.print(f"smoke: {stage.url}")
    for title, check in checks(stage):
        stage.took.clear()
        problem = ""
        try:
            check()
        except Failed as failure:
            problem = str(failure)
        except requests.ConnectionError:
            sys.exit(f"error: nobody answers at {stage.url}\n  what to do: make status, or another URL")
        except requests.RequestException as error:
            problem = f"no answer: {error}"
        failed += bool(problem)
        slowest = max(stage.took, default=0.0)
        mark = ("FAIL", "bold red") if problem else ("slow", "yellow") if slowest > SLOW_MS else ("ok  ", "green")
        line = f"  {slowest:7.0f} ms  {title}" + (f": {problem}" if problem else "")
        console.print(Text.assemble(mark, line), soft_wrap=True)
    told, style = (f"smoke: {failed} failed", "bold red") if failed else ("smoke: all is well", "bold green")
    console.print(told, style=style)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
