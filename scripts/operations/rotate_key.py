"""Rotate the API key of the stack that is up: a new key joins the usage plan, beside the one that clients have.

Both are valid until `--finish`, which lets only the newest in: hand it out in between. The stack's own key is
disabled, and not deleted, because CloudFormation keeps account of it; keys that this command made are deleted.
ENGINE=aws for the stack in AWS. The administrators' key is not rotated: its id is in a function's configuration.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations import boundary
from windtunnel import config
from windtunnel.harness import Harness

MADE_BY = {"made-by": "scripts/rotate-key"}


def main() -> int:
    """Start a rotation, or finish it."""
    parser = argparse.ArgumentParser(prog="scripts/rotate-key", description=__doc__)
    parser.add_argument("--finish", action="store_true", help="retire every key of the plan but the newest")
    finish = parser.parse_args().finish
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    stack, gateway = harness.stack(), harness.client("apigateway")
    plan = stack.outputs["UsagePlanId"]
    return retire(gateway, plan) if finish else start(gateway, plan, stack.name)


def start(gateway: Any, plan: str, stack: str) -> int:
    """Put a new key into the plan, and print it. 1 where a rotation is going on already."""
    valid = keys_of(gateway, plan)
    if len(valid) > 1:
        print(f"error: {len(valid)} keys are valid: a rotation is going on", file=sys.stderr)
        print("  what to do: scripts/rotate-key --finish", file=sys.stderr)
        return 1
    name = f"{stack}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    key = gateway.create_api_key(name=name, description=f"A key of {stack}, rotated", enabled=True, tags=MADE_BY)
    try:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    except BaseException:
        # a key that is in no plan opens nothing, and would be forgotten
        gateway.delete_api_key(apiKey=key["id"])
        raise
    print(f"new key  {key['value']}")
    olds = ", ".join(old["id"] for old in valid) or "none"
    print(f"old key  {olds} (its id) is valid until scripts/rotate-key --finish")
    return 0


def retire(gateway: Any, plan: str) -> int:
    """Let in the newest key alone. 1 where there is no other."""
    valid = keys_of(gateway, plan)
    if len(valid) < 2:
        print("error: no rotation is going on\n  what to do: scripts/rotate-key", file=sys.stderr)
        return 1
    *old, newest = valid
    for key in old:
        if key.get("tags", {}).items() >= MADE_BY.items():
            gateway.delete_api_key(apiKey=key["id"])
            print(f"deleted  {key['id']}")
        else:
            disable = [{"op": "replace", "path": "/enabled", "value": "false"}]
            gateway.update_api_key(apiKey=key["id"], patchOperations=disable)
            print(f"disabled {key['id']}")
    print(f"valid    {newest['id']}")
    return 0


def keys_of(gateway: Any, plan: str) -> list[dict[str, Any]]:
    """The keys of a plan that are enabled, the oldest first."""
    pages = gateway.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan)
    keys = [gateway.get_api_key(apiKey=item["id"]) for page in pages for item in page["items"]]
    return sorted((key for key in keys if key["enabled"]), key=lambda key: (key["createdDate"], key.get("name", "")))


if __name__ == "__main__":
    boundary.run(main)
