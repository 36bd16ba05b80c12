"""The family's RuntimeExecutor: one process under AWS's runtime client for each execution environment.

The interpreter in BENCH_PYTHON has awslambdaric and boto3: the same that windtunnel's functions run in.
No function logs are kept, which spares the peer that work.
"""

import importlib
import json
import os
import subprocess
import sys
from typing import Any

from bench_executor.family import FAMILY
from bench_executor.runtime_api import RuntimeApi

_lambda = f"{FAMILY}.services.lambda_.invocation"
InvocationResult = importlib.import_module(f"{_lambda}.lambda_models").InvocationResult
RuntimeExecutor: Any = importlib.import_module(f"{_lambda}.runtime_executor").RuntimeExecutor
RuntimeExecutorPlugin: Any = importlib.import_module(f"{_lambda}.plugins").RuntimeExecutorPlugin

HOST = "127.0.0.1"
INIT_SECONDS = 60
"""Long, because a benchmark starts many at once."""


class Executor(RuntimeExecutor):
    def __init__(self, id: str, function_version: Any) -> None:
        super().__init__(id, function_version)
        self._api = RuntimeApi(float(function_version.config.timeout))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, env_vars: dict[str, Any]) -> None:
        configuration = self.function_version.config
        code = str(configuration.code.get_unzipped_code_location())
        variables = {name: str(value) for name, value in env_vars.items() if value is not None}
        variables |= {
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_TASK_ROOT": code,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": code,
        }
        self._process = subprocess.Popen(
            [os.environ["BENCH_PYTHON"], "-m", "awslambdaric", configuration.handler],
            cwd=code,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._api.await_init(INIT_SECONDS)

    def invoke(self, payload: dict[str, str], function_timeout: int | None = None) -> Any:
        request_id = payload["invoke-id"]
        try:
            body, is_error = self._api.invoke(payload)
        except TimeoutError:
            state = self._process.poll() if self._process else "not started"
            print(f"bench executor: {request_id} timed out; its process: {state or 'running'}", file=sys.stderr)
            message = f"{request_id} Task timed out after {self.function_version.config.timeout:.2f} seconds"
            body, is_error = json.dumps({"errorMessage": message}).encode(), True
        return InvocationResult(request_id, body, is_error, "")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._api.close()

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}"

    def get_logs(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Nothing: the unpacked code goes with the state folder."""


class Plugin(RuntimeExecutorPlugin):
    name = "bench"

    def load(self, *_arguments: Any, **_options: Any) -> type[Executor]:
        return Executor
