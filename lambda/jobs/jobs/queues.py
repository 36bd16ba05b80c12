"""The queues: jobs on their way to a worker, one in any order and one in the order of their groups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Queues:
    """`client` is boto3's of SQS, `url` the standard queue's, `ordered_url` the FIFO one's. A message is a job's id."""

    client: Any
    url: str
    ordered_url: str

    def send(self, job_id: str, group: str | None) -> None:
        """Put a job in its queue. In the FIFO queue the same id counts once in five minutes."""
        body = json.dumps({"jobId": job_id})
        if group is None:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)
        else:
            self.client.send_message(
                QueueUrl=self.ordered_url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=job_id
            )


def job_id_in(body: str) -> str:
    """The job's id in a message. Raises ValueError where the message is none of ours."""
    match json.loads(body):
        case {"jobId": str(job_id)}:
            return job_id
    raise ValueError("the message names no job")
