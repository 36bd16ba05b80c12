"""AWS itself: nothing to start, everything real, and it costs money."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.config import Settings
from windtunnel.engines.base import EngineStatus, Report
from windtunnel.errors import EngineError


class AwsEngine:
    """AWS, with the credentials and profile of the user's own environment."""

    name = "aws"
    endpoint_url: str | None = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def session(self) -> boto3.Session:
        return boto3.Session(region_name=self._settings.region)

    def api_url(self, api_id: str, stage: str) -> str:
        return f"https://{api_id}.execute-api.{self._settings.region}.amazonaws.com/{stage}"

    def serve_at_root(self, api_id: str, stage: str) -> str:
        return ""

    def root_url(self, api_id: str, stage: str) -> str:
        return ""

    def start(self, report: Report) -> bool:
        report(f"AWS account {self._account()}, {self._settings.region}")
        return False

    def stop(self, report: Report, *, state: bool = False) -> bool:
        del state
        report("AWS is not ours to stop; `sam delete` removes the stack")
        return False

    def status(self) -> EngineStatus:
        try:
            return EngineStatus("up", f"AWS account {self._account()}, {self._settings.region}")
        except EngineError as error:
            return EngineStatus("down", str(error))

    def memory(self) -> int | None:
        return None

    def _account(self) -> str:
        try:
            return self.session().client("sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise EngineError(
                f"AWS does not know who is asking: {error}",
                hint="log in (aws configure, aws sso login), or choose an engine: ENGINE=embedded",
            ) from error
