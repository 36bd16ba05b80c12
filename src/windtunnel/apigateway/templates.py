"""Mapping templates: VTL with API Gateway's $input, $context, $stageVariables and $util.

Sources: API Gateway Developer Guide, "Mapping template variable reference for REST APIs" and "Override your API's
request and response parameters"; LocalStack's validated tests of templates: what is not there prints as nothing,
$input.body of nothing is {}, a map prints as {a=1}, a list as JSON. The VTL itself is airspeed's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from airspeed.operators import LocalNamespace, TemplateError
from airspeed.operators import Template as Vtl

from windtunnel.apigateway.errors import DEFAULT_5XX, GatewayError
from windtunnel.apigateway.jsonpath import find
from windtunnel.apigateway.velocity import UNDEFINED, Map, Text, plain, velocity_value


class Template:
    """One mapping template. Text without a reference or a directive is not run through VTL."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._vtl = Vtl(text.strip()) if "$" in text or "#" in text else None

    def render(self, variables: Mapping[str, object]) -> str:
        """The template's output. Raises GatewayError (500) where it fails."""
        if self._vtl is None:
            return self._text
        try:
            rendered: str = self._vtl.merge(_Namespace(_Globals(variables)))
        except (TemplateError, RecursionError) as error:
            raise GatewayError(
                DEFAULT_5XX, "Internal server error", reason=f"the mapping template failed: {error}"
            ) from error
        return rendered


@lru_cache(maxsize=256)
def compiled(text: str) -> Template:
    """A template, parsed once."""
    return Template(text)


def template_variables(
    body: str, parameters: Mapping[str, Mapping[str, str]], context: Mapping[str, Any], stage: Mapping[str, str]
) -> dict[str, object]:
    """What a template sees; `parameters` has path, querystring and header, `context` the $context variables.

    $context can be written to: what a template sets of responseOverride is there for the next one.
    """
    return {
        "input": Input(body, parameters),
        "context": velocity_value(context),
        "stageVariables": velocity_value(stage),
        "util": Util(),
    }


class Input:
    """$input."""

    def __init__(self, body: str, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self._body = body
        self._parameters = parameters

    @property
    def body(self) -> Text:
        """The body as text; {} where there is none."""
        return Text(self._body or "{}")

    def json(self, path: str) -> Text:
        """What a JSONPath finds, as JSON; "" (with its quotes) where it finds nothing."""
        value, found = self._find(path)
        return Text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) if found else '""')

    def path(self, path: str) -> object:
        """What a JSONPath finds, as an object."""
        value, found = self._find(path)
        return velocity_value(value) if found else UNDEFINED

    def params(self, name: str | None = None) -> object:
        """A parameter of path, query string or headers, looked for in this order; without a name, all of them."""
        if name is None:
            return velocity_value(self._parameters)
        for values in self._parameters.values():
            if values.get(name):
                return Text(values[name])
        lowered = str(name).lower()
        for header, value in self._parameters.get("header", {}).items():
            if header.lower() == lowered:
                return Text(value)
        return UNDEFINED

    def _find(self, path: str) -> tuple[object, bool]:
        try:
            document = json.loads(self._body)
        except (ValueError, RecursionError):
            return None, False
        return find(document, path)


class Util:
    """$util."""

    def escapeJavaScript(self, value: object) -> Text:
        """By JavaScript's rules: also a single quote, which JSON does not know escaped."""
        if value is None:
            return Text("null")
        text = value if isinstance(value, str) else _printed(value)
        if value is not UNDEFINED and not text.strip():
            return Text("{}")  # recorded, by LocalStack's own account
        return Text(json.dumps(str(text))[1:-1].replace("'", "\\'"))

    def parseJson(self, text: str) -> object:
        """Stringified JSON as an object."""
        return velocity_value(json.loads(text))

    def urlEncode(self, text: object) -> Text:
        """As application/x-www-form-urlencoded."""
        return Text(quote_plus(_printed(text)))

    def urlDecode(self, text: object) -> Text:
        """From application/x-www-form-urlencoded."""
        return Text(unquote_plus(_printed(text)))

    def base64Encode(self, value: object) -> Text:
        """In Base64."""
        return Text(base64.b64encode(_printed(value).encode()).decode("ascii"))

    def base64Decode(self, text: object) -> Text:
        """From Base64."""
        return Text(base64.b64decode(_printed(text)).decode("utf-8", "replace"))


class _Globals(dict[str, object]):
    """The outermost variables: one that is not there is nothing, whatever is asked of it."""

    def __missing__(self, name: str) -> object:
        if name.startswith("#"):  # airspeed looks for macros here
            raise KeyError(name)
        return UNDEFINED


class _Namespace(LocalNamespace):  # type: ignore[misc]
    """A template's own variables: what is set has the methods of Java's types."""

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, velocity_value(value))


def _printed(value: object) -> str:
    if isinstance(value, str):
        return str(value)
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


__all__ = ["Input", "Map", "Template", "Util", "compiled", "template_variables"]
