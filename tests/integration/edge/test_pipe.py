"""Raw bytes between a client and the backplane: TLS and websockets."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MB = 1_000_000


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and its own certificate for localhost, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def test_tls_goes_to_the_backplane(run: Any, edge: Any, certificate: Path) -> None:
    async def main() -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"x" * 5 * MB)
            writer.close()

        server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=context)
        async with edge(server.sockets[0].getsockname()[1]) as front:
            trust = ssl.create_default_context(cafile=str(certificate))
            reader, writer = await asyncio.open_connection("127.0.0.1", front, ssl=trust, server_hostname="localhost")
            writer.write(GET)
            answer = await reader.read()
            writer.close()
        server.close()
        return answer

    assert run(main()) == OK + b"x" * 5 * MB


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n"


def test_a_websocket_goes_to_the_backplane(run: Any, edge: Any, scripted: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\r\n\r\n") == UPGRADE
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write(b"the end")

    async def main() -> None:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(UPGRADE + b"\x81\x00early")
            assert await reader.readuntil(b"early") == b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00early"
            writer.write(b"x" * 5 * MB)
            assert await reader.readexactly(5 * MB) == b"x" * 5 * MB
            writer.write_eof()
            assert await reader.read() == b"the end"
            writer.close()

    run(main())


def test_a_websocket_without_a_backplane(run: Any, edge: Any, nobody: int) -> None:
    async def main() -> bytes:
        async with edge(nobody) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(UPGRADE)
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 503 ")


def test_close_ends_the_pipes(run: Any, edge: Any, scripted: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        async with scripted(script) as port:
            async with edge(port) as front:
                reader, writer = await asyncio.open_connection("127.0.0.1", front)
                writer.write(UPGRADE)
                await asyncio.sleep(0.02)
            assert await reader.read() == b""
            writer.close()

    run(main())
