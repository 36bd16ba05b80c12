"""The small HTTP/1.1 server and client that the planes share, on httptools and asyncio."""
