"""The image's health check: exit code 0 when the engine can be deployed to, 1 with the reason before.

Ready means that LocalStack's init hooks are done and that windtunnel's executor is the one that was loaded: LocalStack
falls back to Docker, with only a warning, where it does not know an executor.
"""

import json
import sys
import urllib.request

ENDPOINT = "http://127.0.0.1:4566"


def ask(path: str) -> dict[str, object]:
    """What the engine answers. Raises OSError, ValueError."""
    with urllib.request.urlopen(ENDPOINT + path, timeout=4) as response:  # noqa: S310 - a constant
        document: dict[str, object] = json.load(response)
    return document


def fault() -> str:
    """What is not ready; "" when all is."""
    try:
        status, hooks = ask("/_windtunnel/status"), ask("/_localstack/init/ready")
    except (OSError, ValueError) as error:
        return f"no answer: {error}"
    if not status.get("ready"):
        return "still starting"
    if status.get("executor") != "windtunnel":
        return f"another executor was loaded: {status.get('executor')}"
    return "" if hooks.get("completed") else "init hooks are still running"


def main() -> None:
    if said := fault():
        print(said)
        sys.exit(1)


main()
