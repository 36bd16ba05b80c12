"""The OpenAPI document of the main stack, made of the code's own rules and the template's own routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from dynamodbmanager.command import OPERATIONS, TABLE_METHODS
from proxy_integration.entry_point import STATUS
from users.idempotency import KEPT_SECONDS, KEY_LENGTH
from users.page import DEFAULT_LIMIT, LIMITS
from users.validation import AGES, EMAIL_LENGTH, NAME_LENGTH, SET_BY_CLIENT, SET_BY_SERVICE

ROOT = Path(__file__).parents[2]
JSON = "application/json"
ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}
USER_ID, ITEM_ID = "8c0a4a0e-6d0f-4b5e-9a53-0a4d3e0c6d11", "6e9b1c2a-0a55-4a9c-9d6f-0f3a6c1b7f11"
TIME = "2026-11-21T05:09:00.000Z"
USER = {"userId": USER_ID, **ADA, "createdAt": TIME, "updatedAt": TIME, "version": 1}
CHAIR = {"name": "Chair", "price": 12.5, "tags": ["oak"]}
ITEM = {**CHAIR, "id": ITEM_ID, "createdAt": TIME}
MEANINGS = {
    400: "The request breaks a rule; all that is wrong is named", 403: "The API key is missing, or of no avail here",
    404: "There is no such thing", 409: "A request with this key is still going on", 412: "It has changed meanwhile",
    422: "The key was used for another request", 500: "Not the caller's fault",
}  # fmt: skip

type Json = dict[str, Any]


class _Template(yaml.SafeLoader):
    """Takes CloudFormation's tags for their values."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: getattr(node, "value", None))


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of every route of the template, in its order."""
    template = yaml.load((ROOT / "infra/sam/template.yaml").read_text(), _Template)  # noqa: S506 - a SafeLoader
    for resource in template["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            yield event["Properties"]["Method"].lower(), event["Properties"]["Path"]


def document() -> Json:
    """The document. Raises ValueError where the template has another route than what is described here."""
    described = {**users(), **items(), **manager(), **documentation()}
    if described.keys() != set(routes()):
        raise ValueError(f"not described, or not there: {sorted(described.keys() ^ set(routes()))}")
    paths: dict[str, Json] = {}
    for method, path in sorted(described, key=lambda route: (route[1], route[0])):
        paths.setdefault(path, {})[method] = described[method, path]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Users, items and DynamoDBManager",
            "version": "1.0.0",
            "description": "A serverless REST API. Every method but the documentation wants an API key (x-api-key).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "..", "description": "The stage that this document comes from"}],
        "security": [{"apiKey": []}],
        "tags": [
            {"name": "users", "description": "Users, with versions, search by email and idempotent creation"},
            {"name": "admin", "description": "For the administrators' own API key"},
            {"name": "items", "description": "Any JSON object, kept as it is; served by Node.js"},
            {"name": "dynamodbmanager", "description": "One operation on a table, named in the body"},
            {"name": "docs", "description": "What you read"},
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
            "schemas": schemas(),
            "responses": {f"Error{status}": error(status) for status in sorted({*STATUS.values(), 500})},
        },
    }


def schemas() -> Json:
    text = {"type": "string"}
    time = {"type": "string", "format": "date-time"}
    profile = {
        "name": {**text, "minLength": 1, "maxLength": NAME_LENGTH, "description": "without control characters"},
        "email": {**text, "format": "email", "maxLength": EMAIL_LENGTH},
        "age": {"type": ["integer", "null"], "minimum": AGES[0], "maximum": AGES[-1]},
    }
    own = {"userId": {**text, "format": "uuid"}, "createdAt": time, "updatedAt": time, "version": {"type": "integer"}}
    if (*profile,) != SET_BY_CLIENT or own.keys() != set(SET_BY_SERVICE):
        raise ValueError("a user has other fields than are described here")
    token = {"nextToken": {**text, "description": "leads to the next page; the last page has none"}}
    field = {"type": "object", "required": ["field", "message"], "properties": {"field": text, "message": text}}
    sent = {name: {**rule, "description": "ignored where it is sent"} for name, rule in own.items()}
    return {
        "Profile": {
            "type": "object", "required": ["name", "email"], "additionalProperties": False,
            "properties": {**profile, **sent},
        },
        "User": {"type": "object", "required": ["userId", "name", "email", "createdAt", "updatedAt", "version"],
                 "properties": {**own, **profile}},
        "UserPage": {"type": "object", "required": ["users"],
                     "properties": {"users": {"type": "array", "items": ref("User")}, **token}},
        "Item": {"type": "object", "required": ["id", "createdAt"],
                 "properties": {"id": {**text, "format": "uuid"}, "createdAt": time}, "additionalProperties": True},
        "NewItem": {"type": "object", "minProperties": 1, "additionalProperties": True,
                    "description": "any fields; id and createdAt are set by the service"},
        "ItemPage": {"type": "object", "required": ["items", "count"], "properties": {
            "items": {"type": "array", "items": ref("Item")}, "count": {"type": "integer"}, **token}},
        "Command": {"type": "object", "required": ["operation"], "properties": {
            "operation": {**text, "enum": list(OPERATIONS)},
            "tableName": {**text, "description": f"required for {', '.join(TABLE_METHODS)}"},
            "payload": {"description": "what boto3's method of a table takes; anything for echo"}}},
        "Error": {"type": "object", "required": ["message"],
                  "properties": {"message": text, "errors": {"type": "array", "items": field}}},
    }  # fmt: skip


def users() -> dict[tuple[str, str], Json]:
    path = parameter("userId", "path", "the user's id", {"type": "string"}, USER_ID)
    match = parameter("If-Match", "header", "only if the user is in this version", {"type": "string"}, '"1"')
    key = parameter(
        "Idempotency-Key", "header", f"the same request with it gets the same answer for {KEPT_SECONDS // 3600} h",
        {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH}, "8f4f-1",
    )  # fmt: skip
    email = parameter("email", "query", "only the users with this email", {"type": "string"}, ADA["email"])
    page = {200: ("A page of users", "UserPage", {"users": [USER]})}
    one = {200: ("The user; its version is the ETag", "User", USER)}
    body = ("Profile", ADA)
    limits = paging(LIMITS[0], LIMITS[-1], DEFAULT_LIMIT)
    return {
        ("post", "/users"): operation("users", "createUser", "Create a user", [key],
                                      {201: ("The new user", "User", USER)}, [400, 409, 422], body),
        ("get", "/users"): operation("users", "listUsers", "List users", [*limits, email], page, [400]),
        ("get", "/users/{userId}"): operation("users", "getUser", "Read a user", [path], one, [404]),
        ("put", "/users/{userId}"): operation("users", "updateUser", "Replace a user's profile", [path, match], one,
                                              [400, 404, 412], body),
        ("delete", "/users/{userId}"): operation("users", "deleteUser", "Delete a user", [path, match],
                                                 {200: ("The user as it was", "User", USER)}, [400, 404, 412]),
        ("get", "/admin/users"): operation("admin", "adminListUsers", "List users, with the administrators' key",
                                           [*limits, email], page, [400]),
    }  # fmt: skip


def items() -> dict[tuple[str, str], Json]:
    path = parameter("id", "path", "the item's id", {"type": "string"}, ITEM_ID)
    # the rules of a Node.js service, in its own file
    source = (ROOT / "lambda/items/items/validation.mjs").read_text()
    found = re.search(r"^const LIMIT = \{ least: (\d+), most: (\d+), default: (\d+) \};$", source, re.MULTILINE)
    if found is None:
        raise ValueError("lambda/items/items/validation.mjs does not say LIMIT as it did")
    limits = paging(*map(int, found.groups()))
    page = {200: ("A page of items and their count", "ItemPage", {"items": [ITEM], "count": 1})}
    return {
        ("post", "/items"): operation("items", "createItem", "Create an item", [],
                                      {201: ("The new item", "Item", ITEM)}, [400], ("NewItem", CHAIR)),
        ("get", "/items"): operation("items", "listItems", "List items", limits, page, [400]),
        ("get", "/items/{id}"): operation("items", "getItem", "Read an item", [path],
                                          {200: ("The item", "Item", ITEM)}, [404]),
        ("delete", "/items/{id}"): operation("items", "deleteItem", "Delete an item, if it is there", [path],
                                             {204: ("It is not there any more", "", None)}, []),
    }  # fmt: skip


def manager() -> dict[tuple[str, str], Json]:
    example = {"operation": "echo", "payload": {"somekey1": "somevalue1"}}
    answer: Mapping[int, Any] = {200: ("What the operation gives", "", example["payload"])}
    return {
        ("post", "/dynamodbmanager"): operation(
            "dynamodbmanager", "runOperation", "Run an operation", [], answer, [400], ("Command", example)
        )
    }


def documentation() -> dict[tuple[str, str], Json]:
    page = operation("docs", "getDocs", "This page", [], {200: ("The page", "", None)}, [])
    page["responses"]["200"]["content"] = {"text/html": {"schema": {"type": "string"}}}
    file = operation("docs", "getOpenapi", "This document", [], {200: ("OpenAPI 3.1", "", {"openapi": "3.1.0"})}, [])
    for found in (page, file):
        found["security"] = []
        del found["responses"]["403"]
    return {("get", "/docs"): page, ("get", "/docs/openapi.json"): file}


def operation(
    tag: str, name: str, summary: str, parameters: list[Json], answers: Mapping[int, Any], errors: list[int],
    body: tuple[str, Json] | None = None,
) -> Json:  # fmt: skip
    """One operation. `answers`: description, schema and example by status; `body`: schema and example."""
    responses = {}
    for status, (description, schema, example) in answers.items():
        media = {**({"schema": ref(schema)} if schema else {"schema": {}}), "example": example}
        responses[str(status)] = {"description": description, **({} if example is None else {"content": {JSON: media}})}
    for status in sorted({*errors, 403, 500}):
        responses[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    found: Json = {"tags": [tag], "operationId": name, "summary": summary, "responses": responses}
    if parameters:
        found["parameters"] = parameters
    if body:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": ref(body[0]), "example": body[1]}}}
    return found


def parameter(name: str, place: str, description: str, schema: Json, example: Any) -> Json:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "description": description, "schema": schema, "example": example}


def paging(least: int, most: int, default: int) -> list[Json]:
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return [
        parameter("limit", "query", f"how many, {least} to {most}", schema, default),
        parameter("nextToken", "query", "from the page before", {"type": "string"}, "eyJpZCI6…"),
    ]


def error(status: int) -> Json:
    example = {"message": "Validation failed", "errors": [{"field": "name", "message": "is required"}]}
    media: Json = {"schema": ref("Error")}
    if status == STATUS_OF_RULES:
        media["example"] = example
    return {"description": MEANINGS[status], "content": {JSON: media}}


STATUS_OF_RULES = 400


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
