"""Take away the users that scripts/seed made, through the API; --all takes every user, and asks first."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from operations import boundary
from operations.users import DOMAIN, list_users
from windtunnel import config
from windtunnel.harness import Harness
from windtunnel.testing.clients import Api


def main() -> int:
    """1 where a user is still there."""
    parser = argparse.ArgumentParser(prog="scripts/cleanup", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every user, not only seeded ones")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    asked = parser.parse_args()
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    stack = harness.stack()
    api = Api(stack.api_url, stack.api_key)
    found = [user["userId"] for user in list_users(api) if asked.all or user["email"].endswith(f"@{DOMAIN}")]
    if asked.all and found and not asked.yes:
        try:
            answer = input(f"delete all {len(found)} users of {stack.name} on {stack.engine}? [y/N] ")
        except EOFError:
            sys.exit("\nerror: nobody is there to say yes\n  what to do: --yes")
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing deleted")
            return 0
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda user_id: api.delete(f"/users/{user_id}").status_code, found))
    gone = sum(status in (200, 404) for status in statuses)
    print(f"cleanup: {gone} users deleted" + (f", {len(found) - gone} could not be" if gone < len(found) else ""))
    return int(gone < len(found))


if __name__ == "__main__":
    boundary.run(main)
