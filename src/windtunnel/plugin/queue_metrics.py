"""What SQS tells CloudWatch of each queue, namespace AWS/SQS: how many messages, and how old the oldest is.

LocalStack tells once a minute, and no age. Here a queue has one value a minute, as on AWS, which is the newest: an
alarm need not wait for the minute to be over.

Source: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS": the age is of the oldest non-deleted
message, so of one in flight as well, and is told while there is one; in a dead letter queue it counts from the
message's arrival there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from windtunnel.plugin.localstack import CloudwatchPublishWorker, config, sqs_stores
from windtunnel.plugin.metric_values import MetricStore

LOG = logging.getLogger(__name__)

INTERVAL = 5
"""Seconds between two looks at the queues."""


def mend_queue_metrics(make_store: Callable[[], MetricStore]) -> None:
    """Call it before LocalStack loads its SQS."""
    config.SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL = INTERVAL
    stores: list[MetricStore] = []

    def publish(_self: Any) -> None:
        queues = [(account, region, queue) for account, region, store in sqs_stores.iter_stores()
                  for queue in list(store.queues.values())]  # fmt: skip
        if queues:
            if not stores:
                stores.append(make_store())
            now = time.time()
            stores[0].put(metric for place in queues for metric in queue_metrics(*place, now))

    CloudwatchPublishWorker.publish_approximate_cloudwatch_metrics = publish


def queue_metrics(account: str, region: str, queue: Any, now: float) -> Iterator[dict[str, Any]]:
    """A queue's metrics, one value each, as MetricStore takes them."""
    found = {
        "ApproximateNumberOfMessagesVisible": queue.approximate_number_of_messages,
        "ApproximateNumberOfMessagesNotVisible": queue.approximate_number_of_messages_not_visible,
        "ApproximateNumberOfMessagesDelayed": queue.approximate_number_of_messages_delayed,
    }
    if (since := oldest(queue)) is not None:
        found["ApproximateAgeOfOldestMessage"] = max(0, int(now - since))
    for name, value in found.items():
        yield {
            "account": account,
            "region": region,
            "namespace": "AWS/SQS",
            "name": name,
            "dimensions": {"QueueName": queue.name},
            "unit": "Seconds" if name.endswith("OldestMessage") else "Count",
            "timestamp": int(now) // 60 * 60,
            "values": [value],
            "counts": [1],
        }


def oldest(queue: Any) -> float | None:
    """When the oldest message came that is not deleted, seconds since the epoch; None in an empty queue."""
    with queue.mutex:
        if hasattr(queue, "message_groups"):  # a FIFO queue
            waiting = [message for group in queue.message_groups.values() for message in group.messages]
        else:
            waiting = list(queue.visible.queue)
        messages = [*waiting, *queue.inflight, *queue.delayed]
    return min((message.created for message in messages if not message.deleted), default=None)
