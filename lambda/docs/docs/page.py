"""An OpenAPI document as one HTML page that needs nothing else: no script, no font, no other host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
section { margin: 2rem 0; }
h3 code { font-size: 1rem; } h3 b { font: bold .85rem monospace; padding: .2rem .5rem; background: var(--soft); }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; vertical-align: top; }
tr { border-top: 1px solid var(--line); } pre { background: var(--soft); padding: .8rem; overflow-x: auto; }
summary { cursor: pointer; }
"""

type Json = Mapping[str, Any]


def page(document: Json) -> str:
    """The page. What the document says is text in it, never markup."""
    info, parts = document["info"], []
    for tag in document["tags"]:
        name = tag["name"]
        parts.append(f"<h2 id='{escape(name)}'>{escape(name)}</h2><p>{escape(tag['description'])}</p>")
        parts += [
            "".join(_operation(document, method, path, operation))
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if name in operation["tags"]
        ]
    contents = " · ".join(f"<a href='#{escape(tag['name'])}'>{escape(tag['name'])}</a>" for tag in document["tags"])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(info['title'])}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        f"<p>{contents} · <a href='docs/openapi.json'>openapi.json</a></p>{''.join(parts)}</body></html>"
    )


def _operation(document: Json, method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"<section id='{escape(operation['operationId'])}'>"
    yield f"<h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>"
    yield f"<p>{escape(operation['summary'])}</p>"
    if operation.get("security") == []:
        yield "<p>Needs no API key.</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter</th><th>in</th><th></th></tr>"
        for parameter in parameters:
            needed = ", required" if parameter.get("required") else ""
            yield f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{parameter['in']}{needed}</td>"
            yield f"<td>{escape(parameter['description'])}</td></tr>"
        yield "</table>"
    if body := operation.get("requestBody"):
        yield from _content("Request", document, body["content"])
    for status, response in operation["responses"].items():
        found = _resolved(document, response)
        yield f"<details><summary>{escape(status)} {escape(found['description'])}</summary>"
        yield from _content("", document, found.get("content", {}))
        yield "</details>"
    yield "</section>"


def _content(title: str, document: Json, content: Json) -> Iterator[str]:
    for media_type, media in content.items():
        schema = media.get("schema", {})
        if title:
            yield f"<p><b>{title}</b> <code>{escape(media_type)}</code></p>"
        if "example" in media:
            example = media["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
            yield f"<pre>{escape(text)}</pre>"
        rules = _resolved(document, schema)
        if rules.get("properties"):
            yield "<table><tr><th>field</th><th>type</th><th>rule</th></tr>"
            for name, part in rules["properties"].items():
                needed = "required" if name in rules.get("required", []) else ""
                yield f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(part))}</td>"
                yield f"<td>{escape('; '.join(filter(None, [needed, *_rules(part)])))}</td></tr>"
            yield "</table>"


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _rules(schema: Json) -> Iterator[str]:
    words = {"minLength": "at least {} characters", "maxLength": "at most {} characters", "minimum": "from {}",
             "maximum": "to {}", "format": "{}", "enum": "one of {}"}  # fmt: skip
    for name, text in words.items():
        if name in schema:
            value = schema[name]
            yield text.format(", ".join(map(str, value)) if isinstance(value, list) else value)
    if "description" in schema:
        yield schema["description"]


def _resolved(document: Json, value: Json) -> Json:
    found: Any = value
    while "$ref" in found:
        target: Any = document
        for part in found["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        found = target
    return dict(found)
