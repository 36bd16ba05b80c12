"""Fill the stack that is up with users, through its API. scripts/cleanup takes them away again.

The same --seed makes the same users, and each only once: run again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from operations import boundary
from operations.users import DOMAIN, list_users
from windtunnel import config
from windtunnel.harness import Harness
from windtunnel.testing.clients import Api

FIRST = (
    "Ada", "Alan", "Anita", "Barbara", "Claude", "Donald", "Edsger", "Frances", "Grace", "Hedy", "Ida", "Joan", "John",
    "Karen", "Katherine", "Leslie", "Margaret", "Mary", "Niklaus", "Radia", "Sophie", "Tim", "Vint", "Yukihiro", "Zoë",
    "Åsa", "Łukasz", "José", "Søren", "美咲",
)  # fmt: skip
LAST = (
    "Lovelace", "Turing", "Borg", "Liskov", "Shannon", "Knuth", "Dijkstra", "Allen", "Hopper", "Lamarr", "Rhodes",
    "Clarke", "Backus", "Jones", "Johnson", "Lamport", "Hamilton", "Jackson", "Wirth", "Perlman", "Wilson",
    "Berners-Lee", "Cerf", "Matsumoto", "O'Neil", "Müller", "Nowak", "García", "Kierkegaard", "田中",
)  # fmt: skip
ATTEMPTS = 6


def profiles(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Users: most have an age, and ages lie around 38."""
    chosen = random.Random(seed)  # noqa: S311 - the same users for the same seed
    for number in range(count):
        first, last = chosen.choice(FIRST), chosen.choice(LAST)
        profile: dict[str, Any] = {"name": f"{first} {last}", "email": f"user{number}.{seed}@{DOMAIN}"}
        if chosen.random() < 0.85:
            profile["age"] = min(150, max(1, round(chosen.gauss(38, 14))))
        yield profile


def create(api: Api, profile: dict[str, Any]) -> str:
    """One user; what is throttled or busy is tried again. "" or what went wrong."""
    # a 5xx may come after the user was made: the key keeps the next try from making another
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for attempt in range(ATTEMPTS):
        response = api.post("/users", json=profile, headers=key)
        if response.status_code == 201:
            return ""
        if response.status_code not in (409, 429, 502, 503, 504):
            break
        time.sleep(0.1 * 2**attempt)
    return f"{profile['email']}: {response.status_code} {response.text[:200]}"


def main() -> int:
    """1 where a user could not be made."""
    parser = argparse.ArgumentParser(prog="scripts/seed", description=__doc__)
    parser.add_argument("--users", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="which (default 1)")
    parser.add_argument("--workers", type=int, default=8, help="requests at once (default 8)")
    asked = parser.parse_args()
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    stack = harness.stack()
    api = Api(stack.api_url, stack.api_key)
    there = {user["email"] for user in list_users(api)}
    missing = [profile for profile in profiles(asked.users, asked.seed) if profile["email"] not in there]
    failures: list[str] = []
    columns = (TextColumn("seed"), BarColumn(), MofNCompleteColumn(), TextColumn("users"), TimeRemainingColumn())
    with ThreadPoolExecutor(asked.workers) as pool, Progress(*columns) as progress:
        bar = progress.add_task("", total=asked.users, completed=asked.users - len(missing))
        running: set[Future[str]] = set()
        for profile in missing:
            running.add(pool.submit(create, api, profile))
            if len(running) >= 4 * asked.workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                failures += [problem for future in done if (problem := future.result())]
                progress.advance(bar, len(done))
        for future in running:
            failures += [problem] if (problem := future.result()) else []
            progress.advance(bar)
    for problem in failures[:10]:
        print(f"error: {problem}", file=sys.stderr)
    print(f"seed: {asked.users - len(failures)} users of {asked.users} are there")
    return int(bool(failures))


if __name__ == "__main__":
    boundary.run(main, interrupted="interrupted: run it again to go on")
