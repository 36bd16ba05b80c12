"""The application knows AWS and nothing else: no line of it may tell that it also runs elsewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EMULATORS = re.compile(
    r"localstack|localemu|ministack|\bmoto\b|emulat|mock_aws|localhost|127\.0\.0\.1|0\.0\.0\.0|host\.docker"
    r"|endpoint_url|aws_sam_local|000000000000|(?<![0-9a-f])4566(?![0-9a-f])",
    re.IGNORECASE,
)
# the project's own name is no more than a name for the stack
NAMES = re.compile(r'^(?:stack_name|s3_prefix) = "windtunnel"$')


def application() -> list[Path]:
    """The files of the application that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "lambda", "infra"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_there_is_an_application_to_look_at() -> None:
    names = {str(path.relative_to(ROOT)) for path in application()}

    assert {"infra/sam/template.yaml", "lambda/users/users/handlers/create_user.py"} <= names


@pytest.mark.parametrize("path", application(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_knows_an_emulator(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert [line for line in lines if EMULATORS.search(line)] == []
    assert [line for line in lines if "windtunnel" in line.lower() and not NAMES.match(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        'endpoint = "http://localhost"',
        "AWS_ENDPOINT_URL: x",
        "port = 4566",
        "if os.environ.get('LOCALSTACK_HOSTNAME'):",
        "from moto import mock_aws",
        "account = '000000000000'",
    ],
)
def test_such_a_line_would_be_found(line: str) -> None:
    assert EMULATORS.search(line)
