"""Locust's side: users that know the stack, and the shape that the run's plan asks for.

A locustfile imports `ApiUser`, `think` and `PlanShape` from here, and says what users do. It runs in Locust's own
environment: one process, or a master and its workers on any machines. Workers get their plan from the master.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import FastHttpUser, LoadTestShape, events
from locust.env import Environment
from locust.exception import StopTest
from locust.runners import STATE_STOPPED, MasterRunner, WorkerRunner
from locust.user.users import LOCUST_STATE_STOPPING

from windtunnel.dynamodb.request import UNCOUNTED
from windtunnel.load.conductor import Conductor
from windtunnel.load.plan import Plan, plan_from_text
from windtunnel.load.preparation import Preparation
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.sample import UNPACED, Batch
from windtunnel.load.samples import BEGAN, ENDED, UNPREPARED, Mark, SampleFile, Samples

ANSWER_SECONDS = 35.0
"""Longer than API Gateway's 29, so that its own answer is what is counted."""
CONNECT_SECONDS = 5.0
SPAWN_RATE = 100
"""Users a second that come or go, at least: how many there are is the shape's business."""
FLUSH_SECONDS = 1.0
MESSAGE = "windtunnel"


def think(least: float, most: float) -> Callable[[ApiUser], float]:
    """Between a user's actions: wait_time = think(0.2, 1.0), in seconds. Who is told to leave thinks no longer."""

    def wait_time(user: ApiUser) -> float:
        user.leaving.wait(user.random.uniform(least, most))
        return 0.0

    return wait_time


class Generation:
    """A Locust process of a run: what it records, and, where it steers, all that was recorded."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._plan: Plan | None = None
        self._next_slot = 0.0
        self._looked = time.monotonic(), time.process_time()
        self.users_made = 0
        self.preparation = Preparation(environment.parsed_options)
        runner = environment.runner
        self.steers = not isinstance(runner, WorkerRunner)
        self.recorder = Recorder(getattr(runner, "client_id", "local"), time.time)
        self.samples = Samples()

    @property
    def plan(self) -> Plan:
        """The run's plan; a worker has it from the moment at which its users start."""
        if self._plan is None:
            self._plan = plan_from_text(vars(self._environment.parsed_options)["plan"])
        return self._plan

    def prepare(self) -> None:
        """Have made, once, what the scenarios need before their users begin."""
        classes = [each for each in self._environment.user_classes if issubclass(each, ApiUser)]
        self.preparation.make(partial(each, self._environment, outside=True) for each in classes)

    @property
    def file(self) -> SampleFile:
        return SampleFile(Path(self.plan.folder) / "samples.jsonl")

    def pace(self) -> None:
        """Wait for the request's turn, where the plan limits the rate."""
        if self.plan.max_rate is None:
            return
        now = time.monotonic()
        slot = max(now, self._next_slot)
        self._next_slot = slot + self.plan.workers / self.plan.max_rate
        gevent.sleep(slot - now)

    def flush(self) -> None:
        """Hand over what was recorded: to the file, or to the master."""
        runner = self._environment.runner
        assert runner is not None
        if not self.steers and not self.users_made:
            return  # the master waits for an end of all that told something
        batch = self.recorder.flush(runner.user_count, self._cpu())
        if self.steers:
            self.take(batch)
        else:
            runner.send_message(MESSAGE, batch.document())

    def _cpu(self) -> float:
        """This process's share of a core since the last time, in percent. Locust's own figure is ten seconds old."""
        before, used_before = self._looked
        self._looked = time.monotonic(), time.process_time()
        passed = self._looked[0] - before
        return 100 * (self._looked[1] - used_before) / passed if passed > 0 else 0.0

    def take(self, batch: Batch) -> None:
        """Keep a batch."""
        self.samples.take(batch)
        self.file.append(batch)

    def keep_flushing(self) -> None:
        while True:
            gevent.sleep(FLUSH_SECONDS)
            self.flush()


_GENERATION = "windtunnel_generation"


def generation_of(environment: Environment) -> Generation:
    """The environment's own."""
    found: Generation = getattr(environment, _GENERATION)
    return found


@events.init_command_line_parser.add_listener
def _add_plan(parser: Any) -> None:
    # ~/.locust.conf and others of the user's would change what the plan says; Locust leaves them out in the same way
    parser._default_config_files = []
    # not on the command line: it has the API key, and every user of the machine sees command lines
    parser.add_argument("--plan", env_var="WINDTUNNEL_LOAD_PLAN", default="", include_in_web_ui=False)
    # nor is this given there: it is how the master tells its workers
    parser.add_argument("--shared", default="", include_in_web_ui=False)


@events.init.add_listener
def _begin(environment: Environment, **_more: Any) -> None:
    generation = Generation(environment)
    setattr(environment, _GENERATION, generation)
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        events.worker_connect.add_listener(
            lambda client_id, **_: _turn_away(runner, client_id, generation.plan.workers)
        )
        runner.register_message(MESSAGE, lambda environment, msg: generation.take(Batch.from_document(msg.data)))
    else:
        gevent.spawn(generation.keep_flushing)
        # when every user has stopped: what they cleared up counts too
        events.quit.add_listener(lambda **_: generation.flush())
    if isinstance(runner, WorkerRunner) and runner.state == STATE_STOPPED:
        runner.quit()  # sent home before all of it was there, of which Locust would keep the rest
    if generation.steers:
        _prepare_and_clear(generation)
    if generation.steers and generation.plan.interactive:
        _let_the_ui_steer(environment, generation)


def _turn_away(runner: MasterRunner, client_id: str, most: int) -> None:
    """Send a worker home that is one too many: each sends its share of the rate, reckoned for so many as were planned.

    Locust tells of a worker before it gives it users, and what it is told comes in order: it never has any.
    """
    others = [worker for worker in runner.clients.all if worker.id != client_id]
    if len(others) >= most:
        logging.getLogger(__name__).warning("worker %s is sent home: there are %d, as planned", client_id, len(others))
        runner.send_message("quit", client_id=client_id)


def _let_the_ui_steer(environment: Environment, generation: Generation) -> None:
    """Tests begin and end as the web UI says: each is told, and all of them together have an end."""
    environment.shape_class = None
    environment.available_shape_classes = {}  # the UI would offer the plan's
    begun = Event()
    events.test_start.add_listener(lambda **_: generation.file.append(Mark(BEGAN, time.time())))
    events.test_start.add_listener(lambda **_: begun.set())
    events.test_stopping.add_listener(lambda **_: generation.file.append(Mark(ENDED, time.time())))
    if generation.plan.most_seconds is not None:
        gevent.spawn(_end_in_time, environment, begun, generation.plan.most_seconds)


def _end_in_time(environment: Environment, begun: Event, seconds: float) -> None:
    """End Locust so long after its first test began, whoever else is still there to do it."""
    begun.wait()
    gevent.sleep(seconds)
    runner, web_ui = environment.runner, environment.web_ui
    assert runner is not None
    runner.stop()
    runner.quit()
    if web_ui is not None:
        web_ui.stop()


def _prepare_and_clear(generation: Generation) -> None:
    """Each test of the web UI is prepared and cleared by itself; of a run by itself the shape prepares the only one."""
    events.quit.add_listener(lambda **_: generation.preparation.clear())
    if generation.plan.interactive:
        events.test_start.add_listener(lambda **_: generation.prepare())
        events.test_stop.add_listener(lambda **_: generation.preparation.clear())


class PlanShape(LoadTestShape):
    """As many users as the plan asks for, until it is over and every request has come to an end."""

    def __init__(self) -> None:
        super().__init__()
        self._conductor: Conductor | None = None

    def tick(self) -> tuple[int, float] | None:
        if self._conductor is None:
            assert self.runner is not None
            generation = generation_of(self.runner.environment)
            self._prepare(generation)
            self._conductor = Conductor(generation.plan, generation.samples, generation.file, time.time)
        users = self._conductor.tick()
        return None if users is None else (users, float(max(users, SPAWN_RATE)))

    def _prepare(self, generation: Generation) -> None:
        try:
            generation.prepare()
        except StopTest as error:
            generation.file.append(Mark(UNPREPARED, time.time(), str(error)))
            raise


class ApiUser(FastHttpUser):
    """A user of the stack's API. `call` sends a request with the key and records how it ended.

    One that is `outside` is no user of the run: it prepares what its class needs, and clears that up.
    """

    _state: str | None  # Locust's
    abstract = True
    network_timeout = ANSWER_SECONDS
    connection_timeout = CONNECT_SECONDS

    def __init__(self, environment: Environment, *, outside: bool = False) -> None:
        self.generation = generation_of(environment)
        self.plan = self.generation.plan
        self.outside = outside
        self.shared = self.generation.preparation.shared
        self.host = self.plan.own_url if outside and self.plan.own_url else self.plan.base_url
        super().__init__(environment)
        if outside:
            self.random = random.Random(f"{self.plan.seed}/outside")  # noqa: S311
            return
        # each user of each generator does something else, and the same again in a run with the same seed
        self.generation.users_made += 1
        self.leaving = Event()
        worker = getattr(environment.runner, "worker_index", 0)
        self.random = random.Random(f"{self.plan.seed}/{worker}/{self.generation.users_made}")  # noqa: S311

    def prepare(self) -> None:
        """What a scenario needs once, whatever number of users it has: called on one user, outside of the run, before
        the others begin. What it puts into `self.shared` (JSON) is in theirs."""

    def clear(self) -> None:
        """Take that away: called on the same user when the others have gone, also where prepare() failed."""

    def stop(self, force: bool = False) -> bool:
        """End after the action that is under way. Locust would kill a user that waits, and while its loop is busy the
        user is at its next request when that comes."""
        if force or self._state is None:
            return bool(super().stop(force))
        self._state = LOCUST_STATE_STOPPING
        self.leaving.set()
        return False

    def call(
        self,
        method: str,
        path: str,
        *,
        name: str = "",
        json: object = None,
        expect: Collection[int] = (200,),
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Send a request, and return its JSON; None where it went wrong, or has no body.

        `name` is the endpoint's in figures and targets where the path has an id in it: "GET /users/{userId}".
        Any status that is not expected is an error; a 429 is counted by itself.
        """
        endpoint = name or f"{method} {path}"
        if self.outside:
            return self._call_outside(method, path, json, expect, headers)
        sent = {"x-api-key": self.plan.api_key, "User-Agent": self.plan.agent(endpoint), **(headers or {})}
        self.generation.pace()
        self.generation.recorder.sent()
        try:
            with self.client.request(
                method, path, name=endpoint, json=json, headers=sent, catch_response=True
            ) as response:
                ended = _ended(endpoint, response, expect)
                if ended.kind:
                    response.failure(ended.kind)
                else:
                    response.success()
        except BaseException:
            self.generation.recorder.ended(Ended(endpoint, "interrupted", 0.0, answered=False))
            raise
        self.generation.recorder.ended(ended)
        return None if ended.kind or not response.content else response.json()

    def _call_outside(
        self, method: str, path: str, json: object, expect: Collection[int], headers: dict[str, str] | None
    ) -> Any:
        """The same for what is no part of the run: nothing counts it. Raises StopTest where it went wrong."""
        sent = {"x-api-key": self.plan.api_key, **(headers or {})}
        name = f"outside of the run: {method} {path}"
        with self.client.request(method, path, name=name, json=json, headers=sent, catch_response=True) as response:
            response.success()
            if response.status_code not in expect:
                told = response.error if response.status_code == 0 else f"{response.status_code}, {response.text}"
                raise StopTest(f"{type(self).__name__}: {method} {path} outside of the run ended with {told}")
            return response.json() if response.content else None

    def get_item(self, table: str, key: dict[str, dict[str, str]]) -> None:
        """Measure a GetItem of a local engine, without a function: the "probe table". It is no request to the API."""
        headers = {
            "X-Amz-Target": "DynamoDB_20120810.GetItem",
            "Content-Type": "application/x-amz-json-1.0",
            UNCOUNTED: "probe",
            # a local engine reads the account, the service and the region here, and checks no signature
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.plan.account}/20260101/"
            f"{self.plan.region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        }
        name = UNPACED
        body = {"TableName": table, "Key": key}
        with self.client.request(
            "POST", f"{self.plan.endpoint_url}/", name=name, json=body, headers=headers, catch_response=True
        ) as response:
            ended = _ended(name, response, (200,))
            self.generation.recorder.ended(ended, counted=False)
            response.failure(ended.kind) if ended.kind else response.success()


def _ended(endpoint: str, response: Any, expect: Collection[int]) -> Ended:
    milliseconds = float(response.request_meta["response_time"])
    if response.status_code == 0:
        return Ended(endpoint, _reason(response.error), milliseconds, answered=False, body=str(response.error))
    kind = "" if response.status_code in expect else str(response.status_code)
    content = response.content or b""
    body = content.decode("utf-8", "replace") if kind else ""
    sent_bytes = len(response.request.payload or b"")
    return Ended(endpoint, kind, milliseconds, sent_bytes=sent_bytes, received_bytes=len(content), body=body)


def _reason(error: BaseException) -> str:
    """A failure's name, short enough to count by."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"no answer in {ANSWER_SECONDS:.0f} s"
    if isinstance(error, ConnectionError) or type(error).__name__ == "HTTPConnectionClosed":
        return "connection broken off"
    return type(error).__name__
