"""Ids of a request, and its frozen form."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.incoming import extended_request_id, incoming, request_id, trace_id

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_a_request_off_the_socket_is_text_in_order(make_stage: Callable[..., Stage]) -> None:
    request = incoming(
        make_stage(), "GET", ("/a", "/test/a", "q=1"), [(b"X-A", b"1"), (b"x-a", b"\xe9")], b"body",
        ("192.0.2.7", 5), "host", 4566, http10=True, now=0.0,
    )  # fmt: skip

    assert request.headers == (("X-A", "1"), ("x-a", "é"))
    assert request.lowered == {"x-a": "é"}
    assert (request.path, request.full_path, request.query) == ("/a", "/test/a", "q=1")
    assert (request.port, request.protocol, request.source_ip) == (4566, "HTTP/1.0", "192.0.2.7")
    assert request.trace_id.startswith("Root=1-00000000-")


@given(st.binary(min_size=16, max_size=16))
def test_a_request_id_is_a_random_uuid(entropy: bytes) -> None:
    parsed = uuid.UUID(request_id(entropy))

    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)
    assert str(parsed) == request_id(entropy)


@given(st.binary(min_size=11, max_size=11))
def test_an_extended_request_id_has_the_form_of_aws(entropy: bytes) -> None:
    made = extended_request_id(entropy)

    # as x-amz-apigw-id has it: FiV9AHvHoAMFtsg=
    assert len(made) == 16
    assert made.endswith("=")
    assert base64.b64decode(made) == entropy


@pytest.mark.parametrize("sent", [ROOT, f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1", f"Self=1-1-1;{ROOT}"])
def test_a_clients_trace_goes_on(sent: str) -> None:
    assert trace_id(sent, 0.0, bytes(12)) == sent


@pytest.mark.parametrize("sent", [None, "", "Root=2-1-1", "nonsense"])
def test_without_a_trace_one_begins(sent: str | None) -> None:
    """Source: X-Ray Developer Guide, "Tracing header": version, seconds since the epoch, 96 bits, all in hex."""
    assert trace_id(sent, 1465510280.9, bytes(range(12))) == "Root=1-5759e988-000102030405060708090a0b"
