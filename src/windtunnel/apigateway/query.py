"""A query string as API Gateway reads it.

Sources: recorded events (LocalStack's validated test_lambda_aws_proxy_integration): + and %20 are spaces, %2B is +,
of a repeated name the last value counts; "Amazon API Gateway important notes", REST APIs: a semicolon splits the data.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes


def parse_query(query: str) -> list[tuple[str, str]]:
    """Names and values, decoded, in their order. A name without "=" has an empty value; no name at all is kept too."""
    if ";" in query:
        query = query.replace(";", "&")
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(text: str) -> str:
    if text.isascii() and "%" not in text:
        return text.replace("+", " ") if "+" in text else text
    # what is not UTF-8 becomes U+FFFD, as Java does it
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace")).decode("utf-8", "replace")
