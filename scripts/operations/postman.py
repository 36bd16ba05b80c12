"""A Postman collection (v2.1) of an OpenAPI document: a request for each operation, in an order that runs.

A request's test checks the status and, by the document's own schema, the fields that an answer must have. What creates
something remembers its id for the requests after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
JSON = "application/json"
ORDER = {"post": 0, "get": 1, "put": 2, "delete": 3}
CREATES = {"createUser": "userId", "createItem": "id"}
"""The field of the answer that later requests have in their paths."""

type Json = dict[str, Any]


def collection(document: Mapping[str, Any]) -> Json:
    """The collection. Its variables baseUrl, apiKey and adminKey are the runner's to set."""
    folders = []
    for tag in document["tags"]:
        found = [
            (ORDER[method], len(path), method, path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if tag["name"] in operation["tags"]
        ]
        requests = [
            request(document, method, path, own) for *_, method, path, own in sorted(found, key=lambda x: x[:4])
        ]
        folders.append({"name": tag["name"], "description": tag["description"], "item": requests})
    names = ("baseUrl", "apiKey", "adminKey", *CREATES.values())
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": key("{{apiKey}}"),
        "variable": [{"key": name, "value": ""} for name in names],
        "item": folders,
    }


def request(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Json:
    """One operation's request, and its test."""
    segments = [f"{{{{{part[1:-1]}}}}}" if part.startswith("{") else part for part in path.removeprefix("/").split("/")]
    # what one would fill in is there, switched off
    query = [
        {"key": found["name"], "value": str(found["example"]), "description": found["description"], "disabled": True}
        for found in operation.get("parameters", [])
        if found["in"] == "query"
    ]
    made: Json = {
        "method": method.upper(),
        "header": [],
        "url": {"raw": "{{baseUrl}}/" + "/".join(segments), "host": ["{{baseUrl}}"], "path": segments, "query": query},
        "description": operation["summary"],
    }
    if body := operation.get("requestBody"):
        made["header"] = [{"key": "Content-Type", "value": JSON}]
        made["body"] = {"mode": "raw", "raw": dump(body["content"][JSON]["example"])}
    if operation.get("security") == []:
        made["auth"] = {"type": "noauth"}
    elif "admin" in operation["tags"]:
        made["auth"] = key("{{adminKey}}")
    script = {"listen": "test", "script": {"type": "text/javascript", "exec": test(document, operation)}}
    return {"name": operation["operationId"], "event": [script], "request": made}


def test(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    """The lines of a request's test."""
    status, answer = next((code, found) for code, found in operation["responses"].items() if code.startswith("2"))
    lines = [f'pm.test("answers {status}", () => pm.response.to.have.status({status}));']
    schema = answer.get("content", {}).get(JSON, {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        needed = document["components"]["schemas"][name].get("required", [])
        lines.append(
            f'pm.test("has what a {name} has", () => pm.expect(pm.response.json()).to.include.keys({needed}));'
        )
    if field := CREATES.get(operation["operationId"]):
        lines.append(f'pm.collectionVariables.set("{field}", pm.response.json().{field});')
    return lines


def key(value: str) -> Json:
    """An API key in a header."""
    return {
        "type": "apikey",
        "apikey": [
            {"key": "key", "value": "x-api-key", "type": "string"},
            {"key": "value", "value": value, "type": "string"},
            {"key": "in", "value": "header", "type": "string"},
        ],
    }


def dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
