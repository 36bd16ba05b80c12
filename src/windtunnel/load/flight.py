"""A run on its way: Locust started, watched and ended, and everything asked that knows of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.edge.telemetry import METRICS_INTERVAL
from windtunnel.errors import WindtunnelError
from windtunnel.harness import Harness
from windtunnel.load import access_log, collect
from windtunnel.load.arrival import Told, Wait, expected_reports
from windtunnel.load.capacity import Consumed
from windtunnel.load.machine import BusyMeter, describe_machine
from windtunnel.load.meter import CapacityMeter
from windtunnel.load.plan import Plan
from windtunnel.load.process import Distribution, Locust, LocustError, Processes, started
from windtunnel.load.progress import LiveLine, line
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.samples import UNPREPARED, SampleFile, Samples
from windtunnel.load.watch import Watch
from windtunnel.stack import Stack

LOOK_SECONDS = 0.5
LATE_SECONDS = 1.0
"""How long the plugin takes at most for what the edge sends."""
TOO_MANY, SERVER_ERROR = 429, 500
"""Statuses that API Gateway answers with where Lambda refuses an invocation."""
ENDING_SECONDS = 100.0
"""How long an orderly end may take: the last answers, and users that clear up."""
BROKEN_SECONDS = 8.0
"""The same where nobody answers any more."""


class Flight:
    """One run on its way."""

    def __init__(
        self, harness: Harness, stack: Stack, plan: Plan, late: float, live: LiveLine, say: Callable[[str], None]
    ) -> None:
        """`late`: how many seconds after the end AWS's own figures are waited for at most."""
        self._harness, self._stack, self._plan, self._late = harness, stack, plan, late
        self._live, self._say = live, say
        self._samples = Samples()
        self._file = SampleFile(Path(plan.folder) / "samples.jsonl")
        self._busy = BusyMeter()
        self._reason = ""
        self._began = time.time()
        self._first_test: float | None = None
        self._capped = False
        self._engine = harness.engine.status().detail
        self.notes: list[str] = []
        account, region = harness.settings.account, stack.region
        self._meter = CapacityMeter(
            lambda patience: collect.read_counted(harness.engine, account, region, patience), time.time
        )
        self._meter.begin()
        self.interrupted = False

    def fly(self, locust: Locust, spread: Distribution, web_port: int | None) -> None:
        """Until Locust has ended, or must be ended."""
        with started(locust, self._plan, spread, web_port) as processes:
            try:
                self._watch(processes)
            except KeyboardInterrupt:
                self._live.end()
                self._say("interrupted: ending the run, then the report (Ctrl-C again gives that up)")
                self.interrupted = True
                # without a beginning nobody reads that it is to end, and there is nothing to wait for
                if not self._plan.interactive and self._samples.moment("began") is not None:
                    self._end(processes, "interrupted", ENDING_SECONDS)
        self._read()
        self._live.end()
        self._require_prepared()
        if not self._reason and not self.interrupted and not self._capped and not self._over_the_cap(time.time()):
            self._judge_its_end(processes)

    def _judge_its_end(self, processes: Processes) -> None:
        """Locust ended by itself: when the run was over, or in the middle of it."""
        began, code = processes.require_began(self._samples.moment("began")), processes.exit_code
        if self._samples.moment("ended") is None:
            last = max((batch.moment for batch in self._samples.last.values()), default=began)
            self._reason = f"Locust ended by itself {max(0.0, last - began):.0f} s into the run (exit code {code})"
        elif code not in (0, 1):
            self.notes.append(f"Locust ended with exit code {code} when the run was over: see locust.log")

    def _require_prepared(self) -> None:
        """Raises LocustError where what the scenario needs could not be made: there was no run."""
        for mark in self._samples.marks:
            if mark.mark == UNPREPARED:
                raise LocustError(f"what the scenario needs could not be made: {mark.note}", hint="make logs")

    def _watch(self, processes: Processes) -> None:
        watch = Watch(self._harness.engine, local=self._stack.endpoint_url is not None)
        while processes.running:
            time.sleep(LOOK_SECONDS)
            self._read()
            if self._samples.moment(UNPREPARED) is not None:
                self._end(processes, "nothing is prepared", BROKEN_SECONDS)
                return
            now = time.time()
            self._busy.look(now)
            self._meter.look()
            self._live.show(line(self._plan, self._samples, now))
            if self._over_the_cap(now):
                # Locust ends itself: it would also where this process were gone
                self._end(processes, "the cap is reached", ENDING_SECONDS)
                return
            lost = processes.lost_workers if self._samples.moment("ended") is None else 0
            self._reason = (
                f"{lost} of the workers ended in the middle of it" if lost else watch.trouble(self._samples, now)
            )
            if self._reason:
                self._live.end()
                self._say(f"ending the run: {self._reason}")
                self._end(processes, self._reason, BROKEN_SECONDS)
                return

    def _over_the_cap(self, now: float) -> bool:
        """Whether a run from the web UI has had all the time that it may take."""
        self._first_test = self._first_test or self._samples.moment("began")
        most = self._plan.most_seconds if self._plan.interactive else None
        if most is None or self._first_test is None or now - self._first_test < most:
            return False
        self._capped = True
        self._live.end()
        self._say(f"ending: {most / 60:g} minutes are over, the longest that it may take")
        self.notes.append(f"the run ended by itself after {most / 60:g} minutes, the longest that it may take")
        return True

    def _end(self, processes: Processes, why: str, patience: float) -> None:
        """Tell the steering process to end, and wait for that as long as it makes sense."""
        draft = Path(self._plan.folder) / "stop.new"
        draft.write_text(why, encoding="utf-8")
        draft.rename(draft.with_name("stop"))
        deadline = time.monotonic() + patience
        while processes.running and time.monotonic() < deadline:
            time.sleep(0.2)
            self._read()
            self._meter.look()
            self._live.show(line(self._plan, self._samples, time.time()))

    def _read(self) -> None:
        for text in self._file.new_lines():
            self._samples.take_line(text)

    def seen(self) -> Facts:
        """What is known of the run without asking anybody."""
        return Facts(
            engine=self._engine,
            machine=describe_machine(),
            stack=self._stack.name,
            region=self._stack.region,
            ended=max((batch.moment for batch in self._samples.last.values()), default=time.time()),
            reason=self._reason,
            interrupted=self.interrupted,
            busy=tuple(self._busy.seen),
        )

    def asked(self, group: str | None) -> Facts:
        """What is known, asked from all who know it."""
        facts = self.seen()
        try:
            return self._asked(facts, group)
        except (ClientError, BotoCoreError, WindtunnelError) as error:
            # an engine that died has nothing to tell any more; what the generators saw is there all the same
            self.notes.append(f"the engine's own logs and metrics could not be read: {error}")
        except Exception as error:  # noqa: BLE001 - the boundary: what is asked afterwards costs no run
            traceback.print_exc()
            self.notes.append(f"the engine's own logs and metrics could not be read: {type(error).__name__}: {error}")
        return facts

    def document(self, facts: Facts, known: Known) -> dict[str, Any]:
        """The report."""
        if known.prices.region != self._stack.region:
            self.notes.append(f"there are no prices of {self._stack.region}: those of {known.prices.region} are used")
        return build(self._plan, self._samples, replace(facts, notes=(*self.notes, *self._meter.notes)), known)

    def _require_up(self) -> None:
        """Raises WindtunnelError where the engine has nothing to tell any more."""
        status = self._harness.engine.status()
        if status.state != "up":
            raise WindtunnelError(f"it is not up any more: {status.detail}")

    def _asked(self, facts: Facts, group: str | None) -> Facts:
        self._require_up()
        make, ended, accesses = self._harness.client, time.time(), None
        if group is not None:
            accesses = collect.wait_for_accesses(make, group, self._plan.run, self._samples.totals.answered)
        resources = collect.find_resources(make, self._stack.name)
        consumed = self._meter.end(resources.tables)
        told = self._told(ended, resources, consumed, accesses)
        return replace(facts, accesses=accesses, looks=tuple(self._meter.looks), **vars(told))

    def _told(
        self,
        ended: float,
        resources: collect.Resources,
        consumed: tuple[Consumed, ...] | None,
        accesses: access_log.Accesses | None,
    ) -> Told:
        """What logs and metrics tell, when they tell it."""
        make, began = self._harness.client, self._began

        def read() -> Told:
            return Told(
                functions=tuple(collect.read_function_logs(make, resources.functions, began, ended)),
                consumed=tuple(collect.consumed_capacity(make, resources.tables, began, ended))
                if consumed is None
                else consumed,
                function_throttles=collect.function_throttles(make, resources.functions, began, ended),
            )

        if accesses is not None:
            refused = any(status == TOO_MANY or status >= SERVER_ERROR for status in accesses.statuses)
            if refused or consumed is None:
                # metrics leave the edge every few seconds: what was refused is counted nowhere else
                time.sleep(max(0.0, ended + METRICS_INTERVAL + LATE_SECONDS - time.time()))
            return read()
        self._say(
            f"waiting for what AWS tells later: log lines, and metrics of the last minutes "
            f"({self._late / 60:g} minutes at most; Ctrl-C: the report without them)"
        )
        wait = Wait(read, ended, time.time, time.sleep, self._late)
        told, missing = wait.all_told(expected_reports(self._samples))
        self.notes += [missing] if missing else []
        return told
