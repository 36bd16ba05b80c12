"""Cold starts: a function is changed, so that nothing of it runs, and then asked, by one or by many at once."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from statistics import median
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from bench.application.deployment import Deployment
from bench.case import Case
from bench.errors import BenchError
from bench.load import ANSWER_SECONDS, Sample
from bench.system import Running

STARTS = 15
"""Cold starts in a round; a fifth as many where each is by many at once."""


def run(case: Case, system: Running, deployment: Deployment) -> Sample:
    """A round's cold starts. `rps` is of the time in which requests were under way. Raises BenchError."""
    milliseconds: list[float] = []
    errors, busy = 0, 0.0
    for number in range(STARTS if case.connections == 1 else STARTS // 5):
        _change(case.cold, number, system)
        began = time.perf_counter()
        answers = _ask(case, deployment)
        busy += time.perf_counter() - began
        milliseconds += [taken for taken, _ in answers]
        errors += sum(wrong for _, wrong in answers)
    milliseconds.sort()
    last = milliseconds[min(len(milliseconds) - 1, round(len(milliseconds) * 0.99))]
    return Sample((len(milliseconds) - errors) / busy, median(milliseconds), last, errors)


def _change(function: str, number: int, system: Running) -> None:
    """Another configuration: on AWS, too, environments of the old one take no more requests."""
    client = system.client("lambda")
    name = f"bench-{function}"
    try:
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        changed = {**variables, "COLD": f"{number}-{time.time_ns()}"}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except (ClientError, BotoCoreError, WaiterError) as error:
        raise BenchError(f"{system.name} does not change {name}: {error}") from error
    time.sleep(0.5)  # what ends because of it, has ended


def _ask(case: Case, deployment: Deployment) -> Sequence[tuple[float, bool]]:
    """As many requests at once as the case has connections: milliseconds, and whether the answer was wrong."""
    answers: list[tuple[float, bool]] = []
    start = threading.Barrier(case.connections)

    def ask() -> None:
        url = urlsplit(deployment.url + case.path)
        connection = http.client.HTTPConnection(url.netloc, timeout=ANSWER_SECONDS)
        headers = {"x-api-key": deployment.api_key, "content-type": "application/json"}
        status, text = 0, ""
        connection.connect()
        start.wait()
        began = time.perf_counter()
        try:
            connection.request(case.method, url.path, case.body, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            text = str(error)
        finally:
            connection.close()
        answers.append(((time.perf_counter() - began) * 1000, bool(case.answer.mismatch(status, text))))

    threads = [threading.Thread(target=ask) for _ in range(case.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
