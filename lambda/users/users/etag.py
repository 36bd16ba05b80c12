"""Entity tags: a user's version, as HTTP compares it.

Source: RFC 9110, sections 8.8.3 (ETag) and 13.1.1 (If-Match).
"""

from __future__ import annotations

import re

from proxy_integration.errors import FieldError, validation_failed

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"{TAG}(?:\s*,\s*{TAG}){{0,19}}")
VERSION = re.compile(r'"([0-9]{1,15})"')


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'


def parse_if_match(header: str | None) -> frozenset[int] | None:
    """The versions that an If-Match header lets through; None where it lets any: no header, or *.

    A tag that is weak or none of ours is never equal to a version, so it lets none through. Raises InvalidRequest for a
    header that is no list of entity tags.
    """
    if header is None or header.strip() == "*":
        return None
    if not TAGS.fullmatch(header.strip()):
        raise validation_failed([FieldError("If-Match", 'must be * or up to 20 entity tags, such as "3"')])
    versions = (VERSION.fullmatch(tag) for tag in re.findall(TAG, header))
    return frozenset(int(version[1]) for version in versions if version)
