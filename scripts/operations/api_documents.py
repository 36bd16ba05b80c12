"""Write the API's documents: lambda/docs/docs/openapi.json and docs/postman_collection.json, of the code's rules.

--check writes nothing, and fails where one is not what it would write.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# services are found as their functions find them
sys.path[:0] = [str(ROOT / "lambda" / name) for name in ("users", "dynamodbmanager", "layers/shared")]


def documents() -> Mapping[Path, str]:
    """Each file's text."""
    # Powertools wants to know a region, even to be read
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from operations.openapi import document
    from operations.postman import collection

    openapi = document()
    return {
        ROOT / "lambda/docs/docs/openapi.json": text(openapi),
        ROOT / "docs/postman_collection.json": text(collection(openapi)),
    }


def text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """1 where --check finds a difference."""
    parser = argparse.ArgumentParser(prog="scripts/make-api-documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, old = parser.parse_args().check, []
    for path, content in documents().items():
        if not path.exists() or path.read_text() != content:
            old.append(str(path.relative_to(ROOT)))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
    print(f"api documents: {', '.join(old) or 'nothing'} {'out of date' if check else 'written'}")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
