"""What the service does, over table and queues and without HTTP or SQS events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from proxy_integration.errors import NotFound

from jobs.job import Job, Order, State
from jobs.order import parse_order
from jobs.queues import Queues
from jobs.table import JobTable
from jobs.work import KINDS, WorkFailed


class AttemptFailed(Exception):
    """This attempt came to nothing: the message stays in its queue."""


class NoSuchJob(AttemptFailed):
    """A message about a job that is not there: nobody can do it, so it ends in the dead letter queue."""


@dataclass(frozen=True)
class Jobs:
    """The service. `now` gives an aware time in UTC, `new_id` an id that nobody else has."""

    table: JobTable
    queues: Queues
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def create(self, document: Mapping[str, Any], key: str | None) -> Job:
        """Accept a job. With an idempotency key the same request makes one job. Raises InvalidRequest.

        The job is stored before it is queued: a message never comes before what it is about. Where queueing fails, the
        caller is told so and tries again; with a key that is the same job.
        """
        order = parse_order(document)
        now = self.now()
        job = Job(self._id(order, key), order, State.QUEUED, timestamp(now), timestamp(now))
        if not self.table.add(job, now.timestamp()):
            job = self.table.get(job.job_id) or job
        if job.state is State.QUEUED:
            self.queues.send(job.job_id, job.order.group)
        return job

    def get(self, job_id: str) -> Job:
        """The job. Raises NotFound."""
        job = self.table.get(job_id)
        if job is None:
            raise NotFound(f"Job {job_id} not found")
        return job

    def _id(self, order: Order, key: str | None) -> str:
        return str(self.new_id() if key is None else uuid5(NAMESPACE_URL, f"job:{order.group or ''}:{key}"))


@dataclass(frozen=True)
class Worker:
    """Does jobs. `attempts` is how often a message is received before SQS gives it up."""

    table: JobTable
    now: Callable[[], datetime]
    attempts: int

    def run(self, job_id: str, attempt: int) -> None:
        """Do a job that a message names, for the `attempt`th time. Raises AttemptFailed: it has to be tried again."""
        job = self.table.start(job_id, timestamp(self.now()))
        if job is None:
            if self.table.get(job_id) is None:
                raise NoSuchJob(f"there is no job {job_id}")
            return  # it has succeeded: a message that came twice
        try:
            result = KINDS[job.order.kind](job.order.payload)
        except WorkFailed as error:
            state = State.QUEUED if attempt < self.attempts else State.FAILED
            self.table.fail(job_id, state, str(error), timestamp(self.now()))
            raise AttemptFailed(f"job {job_id}, attempt {attempt} of {self.attempts}: {error}") from error
        self.table.succeed(job_id, result, timestamp(self.now()))


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
