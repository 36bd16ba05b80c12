"""Event stream messages, read back by AWS's own parser."""

from __future__ import annotations

import pytest
from botocore.eventstream import EventStreamBuffer

from windtunnel.functions.event_stream import event


@pytest.mark.parametrize("payload", [b"", b"{}", bytes(range(256)) * 100])
def test_a_message_is_what_botocore_reads(payload: bytes) -> None:
    buffer = EventStreamBuffer()

    buffer.add_data(event("PayloadChunk", "application/octet-stream", payload) + event("InvokeComplete", "a/b", b"x"))

    first, second = (message.to_response_dict() for message in buffer)
    assert first["headers"] == {
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
        ":message-type": "event",
    }
    assert (first["body"], second["body"]) == (payload, b"x")
    assert second["headers"][":event-type"] == "InvokeComplete"
