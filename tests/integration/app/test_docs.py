"""The API's documentation, as it is served, and its Postman collection, run by Postman's own runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from windtunnel.testing.clients import Api

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
NEWMAN = ROOT / ".windtunnel/newman/node_modules/newman"


def test_the_page_is_for_everyone(api: Api) -> None:
    response = api.get("/docs", api_key=None)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "POST</b> <code>/users</code>" in response.text
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", response.text) == []


def test_the_document_is_the_one_that_is_checked_in(api: Api) -> None:
    response = api.get("/docs/openapi.json", api_key=None)

    assert response.headers["Content-Type"] == "application/json"
    assert response.text == (ROOT / "lambda/docs/docs/openapi.json").read_text()


def test_every_documented_operation_wants_the_key_it_says(api: Api) -> None:
    document = api.get("/docs/openapi.json", api_key=None).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = re.sub(r"\{\w+\}", "5", path)
            status = api.request(method.upper(), where, api_key=None, json={}).status_code
            assert status == (200 if operation.get("security") == [] else 403), f"{method} {path}"


@pytest.mark.skipif(
    shutil.which("node") is None or not NEWMAN.is_dir(), reason="no newman: install Node.js with npm, then make setup"
)
@pytest.mark.usefixtures("stack")
def test_the_postman_collection_runs(script: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ran = script("postman")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    executed = re.findall(r"│\s+assertions │\s+(\d+) │\s+(\d+) │", ran.stdout)
    assert executed, ran.stdout
    # every request has at least one
    assert int(executed[0][0]) >= 13
    assert executed[0][1] == "0"
