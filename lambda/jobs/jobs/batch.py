"""The boundary of a worker: a batch of messages, each done or reported by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from jobs.logic import AttemptFailed, Worker
from jobs.queues import job_id_in

type BatchHandler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

MAX_PAUSE = 300
"""Seconds. The pauses between attempts double: 1, 2, 4, …"""


def batch_handler(worker: Worker, sqs: Any, queue_url: str, *, logger: Logger, ordered: bool) -> BatchHandler:
    """What Lambda calls with a batch. Its answer names the messages that failed: the others are gone from the queue.

    In a FIFO queue a message that failed holds back those of its group after it, and of no other.
    """

    def perform(record: SQSRecord) -> None:
        attempt = int(record.attributes.approximate_receive_count)
        try:
            worker.run(job_id_in(record.body), attempt)
        except (AttemptFailed, ValueError) as error:
            logger.warning("attempt failed", extra={"message_id": record.message_id, "reason": str(error)})
            pause = min(2 ** (attempt - 1), MAX_PAUSE)
            sqs.change_message_visibility(
                QueueUrl=queue_url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=pause
            )
            raise
        except Exception:
            # Powertools reports the message, and says nothing of why
            logger.exception("unexpected error", extra={"message_id": record.message_id})
            raise

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        processor: Any = (
            SqsFifoPartialProcessor(skip_group_on_error=True)
            if ordered
            else BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        )
        if ordered:
            processor.raise_on_entire_batch_failure = False
        with processor(records=event["Records"], handler=perform, lambda_context=context):
            processor.process()
        answer: dict[str, Any] = processor.response()
        failed = len(answer["batchItemFailures"])
        logger.info("batch done", extra={"messages": len(event["Records"]), "failed": failed})
        return answer

    injected: BatchHandler = logger.inject_lambda_context(handle)
    return injected
