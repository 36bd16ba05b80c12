"""windtunnel: a local-first emulation and test harness for serverless AWS applications."""

__version__ = "0.1.0"
