"""Messages of AWS's event streams: `application/vnd.amazon.eventstream`.

Source: the Smithy specification, "Amazon Event Stream": lengths and checksums (CRC32) around headers and a payload.
"""

from __future__ import annotations

import struct
from binascii import crc32

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
STRING = 7
"""The type of a header's value."""


def event(kind: str, content_type: str, payload: bytes) -> bytes:
    """An event of a kind, as one message."""
    named = ((":event-type", kind), (":content-type", content_type), (":message-type", "event"))
    headers = b"".join(_header(name, value) for name, value in named)
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", STRING, len(text)) + text
