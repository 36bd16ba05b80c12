"""Run the Postman collection in docs/ on the stack that is up, with newman, Postman's own runner.

ENGINE=aws for the stack in AWS. Its exit code is newman's: 0 where every request's test passed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

from operations import boundary
from windtunnel import config
from windtunnel.errors import WindtunnelError
from windtunnel.harness import Harness

ROOT = Path(__file__).parents[2]
NEWMAN = ROOT / ".windtunnel/newman/node_modules/newman/bin/newman.js"


def main() -> int:
    """newman's exit code."""
    parser = argparse.ArgumentParser(prog="scripts/postman", description=__doc__)
    parser.parse_args()
    node = shutil.which("node")
    if node is None or not NEWMAN.exists():
        raise WindtunnelError("newman is not there", hint="install Node.js with npm, then make setup")
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    stack, gateway = harness.stack(), harness.client("apigateway")
    admin = gateway.get_api_key(apiKey=stack.outputs["AdminKeyId"], includeValue=True)["value"]
    variables = {"baseUrl": stack.api_url, "apiKey": stack.api_key, "adminKey": admin}
    given = [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    command = [node, "--no-deprecation", str(NEWMAN), "run", str(ROOT / "docs/postman_collection.json"), *given]
    return subprocess.run([*command, "--color", "off"], check=False).returncode


if __name__ == "__main__":
    boundary.run(main)
