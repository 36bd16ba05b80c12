"""The optional part `jobs`: accepted over HTTP, queued, done by a worker, tried again, given up, given back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

WORDS = {"kind": "count-words", "payload": {"text": "the cat and the hat"}}
IMPOSSIBLE = {"kind": "count-words", "payload": {"text": " "}}

type Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture(scope="module")
def jobs(part: Callable[[str], Stack]) -> Stack:
    return part("jobs")


@pytest.fixture(scope="module")
def jobs_api(jobs: Stack) -> Iterator[Api]:
    from windtunnel.testing.clients import Api

    client = Api(jobs.api_url, jobs.api_key)
    with client.session:
        yield client


def accepted(api: Api, document: dict[str, Any], **headers: str) -> dict[str, Any]:
    response = api.post("/jobs", json=document, headers=headers)
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job


def ended(api: Api, job_id: str) -> dict[str, Any] | None:
    job: dict[str, Any] = api.get(f"/jobs/{job_id}").json()
    return job if job["state"] in ("succeeded", "failed") else None


def all_ended(api: Api, eventually: Eventually, ids: list[str]) -> list[dict[str, Any]]:
    return [eventually(partial(ended, api, job_id), f"job {job_id} to end") for job_id in ids]


def messages_in(aws: Aws, url: str) -> int:
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_a_job_is_accepted_done_and_told_of(jobs_api: Api, eventually: Eventually) -> None:
    job = accepted(jobs_api, WORDS)
    done = eventually(lambda: ended(jobs_api, job["jobId"]), "the job to end")

    assert (job["state"], job["attempts"]) == ("queued", 0)
    assert (done["state"], done["attempts"]) == ("succeeded", 1)
    assert done["result"] == {"words": 5, "different": 4, "mostFrequent": "the", "times": 2}
    assert done["payload"] == WORDS["payload"]


def test_a_job_that_is_not_there_is_404(jobs_api: Api) -> None:
    response = jobs_api.get(f"/jobs/{uuid.uuid4()}")

    assert response.status_code == 404


def test_an_order_that_is_wrong_is_400_with_every_field(jobs_api: Api) -> None:
    response = jobs_api.post("/jobs", json={"kind": "bake", "payload": 5})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["kind", "payload"]


def test_the_same_idempotency_key_is_one_job(jobs_api: Api, aws: Aws, jobs: Stack) -> None:
    key = str(uuid.uuid4())

    made = [accepted(jobs_api, WORDS, **{"Idempotency-Key": key})["jobId"] for _ in range(3)]
    other = accepted(jobs_api, WORDS, **{"Idempotency-Key": str(uuid.uuid4())})["jobId"]

    assert len(set(made)) == 1
    assert other != made[0]


def test_fifty_writers_at_once_lose_no_job(jobs_api: Api, eventually: Eventually) -> None:
    def order(number: int) -> str:
        return str(accepted(jobs_api, {"kind": "describe-numbers", "payload": {"numbers": [number]}})["jobId"])

    with ThreadPoolExecutor(50) as pool:
        ids = list(pool.map(order, range(200)))
    done = all_ended(jobs_api, eventually, ids)

    assert len(set(ids)) == 200
    assert [job["result"]["sum"] for job in done] == list(range(200))


def test_jobs_of_a_group_are_done_in_their_order(jobs_api: Api, eventually: Eventually) -> None:
    group = f"customer-{uuid.uuid4()}"
    ids = [accepted(jobs_api, {**WORDS, "group": group})["jobId"] for _ in range(5)]

    done = all_ended(jobs_api, eventually, ids)

    assert [job["state"] for job in done] == ["succeeded"] * 5
    times = [job["updatedAt"] for job in done]
    assert times == sorted(times)


def test_poison_blocks_nobody_is_given_up_and_can_be_given_back(
    jobs_api: Api, jobs: Stack, aws: Aws, eventually: Eventually, script: Callable[..., Any]
) -> None:
    sqs, queue, dead = aws.client("sqs"), jobs.outputs["QueueUrl"], jobs.outputs["DeadLettersUrl"]
    # an earlier run's poison, which was given back, may still be on its way
    for url in (queue, dead):
        sqs.purge_queue(QueueUrl=url)
    sqs.send_message(QueueUrl=queue, MessageBody="this is no job")
    impossible = accepted(jobs_api, IMPOSSIBLE)["jobId"]
    after = [accepted(jobs_api, WORDS)["jobId"] for _ in range(5)]

    done = all_ended(jobs_api, eventually, after)
    failed = eventually(lambda: ended(jobs_api, impossible), "the impossible job to be given up")
    eventually(lambda: messages_in(aws, dead) == 2, "both messages in the dead letter queue")
    redriven = script("redrive")
    eventually(lambda: jobs_api.get(f"/jobs/{impossible}").json()["attempts"] > 3, "the job to be tried again")

    assert [job["state"] for job in done] == ["succeeded"] * 5
    assert (failed["state"], failed["attempts"], failed["error"]) == ("failed", 3, "the text has no words")
    assert redriven.returncode == 0, redriven.stderr
    assert "2 messages" in redriven.stdout
