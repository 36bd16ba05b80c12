"""A stage's access log: a line a request, in the stage's own format, for a CloudWatch log group.

Sources: API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs in API Gateway" and "Variables for
access logging for API Gateway"; recorded lines of AWS's in the GitHub issue DataBiosphere/azul#4348 (July 2024): "-"
where a variable has nothing, a value's quotes and backslashes escaped as in JSON, a log stream named by 32 hexadecimal
digits.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Protocol

from windtunnel.apigateway.definition import Stage

LOG = logging.getLogger(__name__)

NOTHING = "-"
VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
""" "For properties, the only special character supported is the underscore (_) character"."""
LOG_GROUP = re.compile(r"arn:[^:]+:logs:([^:]+):(\d{12}):log-group:([A-Za-z0-9._/#-]+)(?::\*)?")
MESSAGE, MESSAGE_STRING = "error.message", "error.messageString"

Lookup = Callable[[str], object | None]
"""What a request has for a variable, by its name below $context: "requestId", "identity.sourceIp"; None for nothing."""


class AccessLogFormat:
    """A format, ready to be filled in."""

    def __init__(self, format: str) -> None:
        self.names: tuple[str, ...] = tuple(VARIABLE.findall(format))
        """The variables in it, without "$context."."""
        # split() gives text and names by turns
        literals = VARIABLE.split(format)[::2]
        self._template = "%s".join(literal.replace("%", "%%") for literal in literals)

    def line(self, lookup: Lookup) -> str:
        """The line of a request, without an end of its own: only what ends the format ends the line."""
        return self._template % tuple(
            [_text(lookup(name)) if name != MESSAGE_STRING else _quoted(lookup(MESSAGE)) for name in self.names]
        )


def _text(value: object | None) -> str:
    """A value as a line has it. A whole map is nothing: "Calling $context.authorizer.claims returns null"."""
    if type(value) is str:
        return encode_basestring(value)[1:-1] or NOTHING
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return encode_basestring(value)[1:-1] or NOTHING if isinstance(value, str) else NOTHING


def _quoted(message: object | None) -> str:
    """$context.error.messageString: "the quoted value of $context.error.message"."""
    return encode_basestring(message) if isinstance(message, str) and message else NOTHING


class LogSink(Protocol):
    """Takes log events; it never blocks."""

    def write(self, account: str, region: str, group: str, stream: str, timestamp_ms: int, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class AccessLogger:
    """Writes a stage's access log."""

    account: str
    region: str
    group: str
    stream: str
    format: AccessLogFormat

    def write(self, sink: LogSink, timestamp_ms: int, lookup: Lookup) -> None:
        """Log one request."""
        sink.write(self.account, self.region, self.group, self.stream, timestamp_ms, self.format.line(lookup))


def access_logger(stage: Stage) -> AccessLogger | None:
    """The logger of a stage, to be made once. None where it logs nothing; or not to a log group, which is said."""
    if stage.access_log is None:
        return None
    found = LOG_GROUP.fullmatch(stage.access_log.destination_arn)
    if found is None:
        LOG.warning(
            "%s/%s logs no accesses: only a log group can be their destination here, not %s",
            stage.api_id,
            stage.stage_name,
            stage.access_log.destination_arn,
        )
        return None
    region, account, group = found.groups()
    stream = hashlib.md5(f"{stage.api_id}/{stage.stage_name}".encode(), usedforsecurity=False).hexdigest()
    return AccessLogger(account, region, group, stream, AccessLogFormat(stage.access_log.format))
