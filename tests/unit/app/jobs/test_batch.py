"""A batch of messages, with a worker that fails where it is told to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from jobs.batch import batch_handler
from jobs.logic import AttemptFailed
from jobs.queues import job_id_in

QUEUE = "https://sqs.example/jobs"


@dataclass
class FakeWorker:
    failing: set[str]
    done: list[tuple[str, int]] = field(default_factory=list)

    def run(self, job_id: str, attempt: int) -> None:
        if job_id in self.failing:
            raise AttemptFailed("as told")
        self.done.append((job_id, attempt))


@dataclass
class FakeQueue:
    pauses: dict[str, int] = field(default_factory=dict)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        assert QueueUrl == QUEUE
        self.pauses[ReceiptHandle] = VisibilityTimeout


def message(name: str, *, attempt: int = 1, group: str | None = None, body: str | None = None) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(attempt)}
    if group:
        attributes["MessageGroupId"] = group
    return {
        "messageId": name,
        "receiptHandle": f"receipt-{name}",
        "body": json.dumps({"jobId": name}) if body is None else body,
        "attributes": attributes,
        "eventSource": "aws:sqs",
    }


@pytest.fixture
def run(context: Any, log: Any) -> Any:
    def run(worker: Any, queue: Any, *messages: dict[str, Any], ordered: bool = False) -> list[str]:
        handler = batch_handler(worker, queue, QUEUE, logger=log.logger, ordered=ordered)
        answer = handler({"Records": list(messages)}, context)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return run


def test_only_the_messages_that_failed_are_reported(run: Any) -> None:
    worker, queue = FakeWorker({"b"}), FakeQueue()

    failed = run(worker, queue, message("a"), message("b"), message("c", attempt=2))

    assert failed == ["b"]
    assert worker.done == [("a", 1), ("c", 2)]


def test_a_whole_batch_that_failed_is_reported_and_not_raised(run: Any) -> None:
    assert run(FakeWorker({"a", "b"}), FakeQueue(), message("a"), message("b")) == ["a", "b"]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"jobId": 5}'])
def test_a_poison_message_is_reported_by_itself(run: Any, body: str, ordered: bool) -> None:
    worker = FakeWorker(set())
    poison, other = message("a", group="1", body=body), message("b", group="2")

    assert run(worker, FakeQueue(), poison, other, ordered=ordered) == ["a"]
    assert worker.done == [("b", 1)]


def test_in_order_a_failure_holds_back_its_own_group_only(run: Any) -> None:
    worker = FakeWorker({"a1"})

    failed = run(
        worker,
        FakeQueue(),
        message("a1", group="a"),
        message("b1", group="b"),
        message("a2", group="a"),
        message("b2", group="b"),
        ordered=True,
    )

    assert failed == ["a1", "a2"]
    assert [job for job, _ in worker.done] == ["b1", "b2"]


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (20, 300)])
def test_the_pauses_between_attempts_double(run: Any, attempt: int, seconds: int) -> None:
    queue = FakeQueue()

    run(FakeWorker({"a"}), queue, message("a", attempt=attempt))

    assert queue.pauses == {"receipt-a": seconds}


def test_a_message_s_job() -> None:
    assert job_id_in('{"jobId": "1"}') == "1"
