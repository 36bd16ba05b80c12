"""The API's documents: what is checked in is what the code's rules make, and valid."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs.page import page
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).parents[3]
OPENAPI = ROOT / "lambda/docs/docs/openapi.json"
POSTMAN = ROOT / "docs/postman_collection.json"

type Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    loaded: Json = json.loads(OPENAPI.read_text())
    return loaded


def media(document: Json) -> Iterator[tuple[str, Json]]:
    """Every example that has a schema, by its operation."""
    for item in document["paths"].values():
        for operation in item.values():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [response.get("content", {}) for response in operation["responses"].values()]
            for content in contents:
                yield from ((operation["operationId"], found) for found in content.values() if "example" in found)


def test_they_are_what_the_generator_makes() -> None:
    checked = subprocess.run(
        [str(ROOT / "scripts/make-api-documents"), "--check"], capture_output=True, text=True, timeout=60, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_openapi_document_is_valid(document: Json) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_example_is_as_its_schema_says(document: Json) -> None:
    examples = list(media(document))

    assert len(examples) > 10
    for name, found in examples:
        schema = {**found["schema"], "components": document["components"]}
        errors = list(Draft202012Validator(schema).iter_errors(found["example"]))
        assert errors == [], name


def test_every_operation_but_the_documentation_needs_the_key(document: Json) -> None:
    open_to_all = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if operation.get("security", document["security"]) == []
    }

    assert open_to_all == {"getDocs", "getOpenapi"}


def test_the_collection_has_a_tested_request_for_every_operation(document: Json) -> None:
    collection = json.loads(POSTMAN.read_text())
    requests = [request for folder in collection["item"] for request in folder["item"]]
    operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}

    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert sorted(request["name"] for request in requests) == sorted(operations)
    assert all("pm.test(" in request["event"][0]["script"]["exec"][0] for request in requests)


def test_the_page_needs_nothing_else_and_shows_text_as_text(document: Json) -> None:
    evil = {**document, "info": {**document["info"], "description": "<script>alert(1)</script>"}}

    html = page(evil)

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("https://json", "")
    for item in document["paths"].values():
        assert all(f"id='{operation['operationId']}'" in html for operation in item.values())
