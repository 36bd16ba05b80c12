"""Edit to served, `make bench CASE=edits`: a handler is saved twenty times and asked till it answers anew."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import requests

from bench.errors import BenchError
from windtunnel.config import Settings
from windtunnel.engines.ports import free_port

EDITS = 20
PATIENCE = 60.0
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: hello.handler
      Runtime: python3.13
      Events:
        Get: {Type: Api, Properties: {Path: /hello, Method: get}}
"""


def measure(settings: Settings) -> list[float]:
    """Seconds from each save to the first answer of the saved code, with its new environment's cold start."""
    with tempfile.TemporaryDirectory(prefix="windtunnel-edits-") as folder:
        project = Path(folder).resolve()
        _make(project, settings)
        log = project / "watch.log"
        with log.open("wb") as output:
            watching = subprocess.Popen(
                [sys.executable, "-m", "windtunnel", "up", "--watch"], cwd=project, stdout=output, stderr=output
            )
        try:
            _await(lambda: "watching " in log.read_text(), log)
            url = json.loads((project / ".windtunnel/outputs.json").read_text())["api_url"] + "/hello"
            with requests.Session() as session:
                session.get(url, timeout=30)
                return [_edit(project, session, url, number, log) for number in range(1, EDITS + 1)]
        finally:
            watching.send_signal(signal.SIGINT)
            watching.wait()
            subprocess.run(
                [sys.executable, "-m", "windtunnel", "down"], cwd=project, stdout=subprocess.DEVNULL, check=False
            )


def report(seconds: list[float]) -> str:
    """One line."""
    took = sorted(second * 1000 for second in seconds)
    return f"edit to served: {len(took)} edits, p50 {median(took):.0f} ms, longest {took[-1]:.0f} ms, none lost"


def _make(project: Path, settings: Settings) -> None:
    (project / "windtunnel.toml").write_text(
        f'port = {free_port()}\napi_port = {free_port()}\ntemplate = "template.yaml"\nstack = "edits"\n'
    )
    (project / "template.yaml").write_text(TEMPLATE)
    (project / "hello").mkdir()
    _save(project, 0)
    (project / ".venv").symlink_to(settings.root / ".venv")
    (project / ".windtunnel").mkdir()
    for name in ("engine-venv", "runtime", "wheels"):
        (project / ".windtunnel" / name).symlink_to(settings.install_dir / name)


def _save(project: Path, number: int) -> None:
    source = f"def handler(event, context):\n    return {{'statusCode': 200, 'body': '{number}'}}\n"
    draft = project / "hello/.hello.py.swp"
    draft.write_text(source)
    draft.replace(project / "hello/hello.py")


def _edit(project: Path, session: requests.Session, url: str, number: int, log: Path) -> float:
    saved = time.perf_counter()
    _save(project, number)
    _await(lambda: session.get(url, timeout=30).text == str(number), log)
    took = time.perf_counter() - saved
    # the next edit is one of its own
    _await(lambda: log.read_text().count(" served ") >= number, log)
    return took


def _await(reached: object, log: Path) -> None:
    assert callable(reached)
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise BenchError("an edit was not served", detail=log.read_text()[-2000:])
        time.sleep(0.002)
