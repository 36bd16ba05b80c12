"""Execution environments made from what was published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from windtunnel.functions.definition import Version
from windtunnel.functions.environment import ExecutionEnvironment, Surroundings
from windtunnel.functions.interpreter import Interpreter
from windtunnel.functions.logs import LogSink, stream_prefix
from windtunnel.functions.runtimes import find_runtime
from windtunnel.functions.spec import LogLine, Session


class EnvironmentFactory:
    """Makes environments that log to `sink` and find AWS at `endpoint_url`; `runtimes` has the interpreters."""

    def __init__(self, surroundings: Surroundings, runtimes: Path, endpoint_url: str, sink: LogSink) -> None:
        self._surroundings = surroundings
        self._runtimes = runtimes
        self._endpoint_url = endpoint_url
        self._sink = sink

    @property
    def folder(self) -> Path:
        """Where environments have their files."""
        return self._surroundings.folder

    def interpreter(self, version: Version) -> Interpreter:
        """What runs a version here. Raises EngineError where nothing does."""
        return find_runtime(self._runtimes, version.spec.runtime)

    def make(self, place: tuple[str, str, str], version: Version, initialization: str) -> ExecutionEnvironment:
        """A new environment, not started, of a function at account, region and name, with a log stream of its own."""
        account, region, name = place
        identity = uuid4().hex
        day = datetime.fromtimestamp(self._surroundings.now(), UTC)
        group, write = version.log_group, self._sink.write
        stream = f"{day:%Y/%m/%d}/{stream_prefix(name, group)}[{version.spec.version}]{identity}"

        def log(lines: list[LogLine]) -> None:
            for moment, text in lines:
                write(account, region, group, stream, moment, text + "\n")

        session = Session(
            log_group=group,
            log_stream=stream,
            endpoint_url=self._endpoint_url,
            access_key_id=version.credentials.access_key_id,
            secret_access_key=version.credentials.secret_access_key,
            session_token=version.credentials.session_token,
            initialization_type=initialization,
            extra=version.log_variables,
            account=account,
        )
        interpreter = self.interpreter(version)
        return ExecutionEnvironment(identity, version.spec, session, interpreter, self._surroundings, log)
