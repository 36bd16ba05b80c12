"""Give what is in the jobs' dead letter queues back to the queues it came from.

After what made the jobs fail is mended: each is tried anew, MaxAttempts times. ENGINE=aws for the stack in AWS.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from operations import boundary
from windtunnel import config
from windtunnel.harness import Harness

QUEUES = ("DeadLettersUrl", "OrderedDeadLettersUrl")
PATIENCE = 60.0


def main() -> int:
    """Move the messages of both queues. 1 where one of them could not be moved in a minute."""
    parser = argparse.ArgumentParser(prog="scripts/redrive", description=__doc__)
    parser.add_argument("--part", default="jobs", help="the optional part whose outputs name the queues")
    harness = Harness(config.load(start=Path(__file__).parent)).part(parser.parse_args().part)
    harness.require_up()
    stack, sqs = harness.stack(), harness.client("sqs")
    return max(redrive(sqs, name, stack.outputs[name]) for name in QUEUES)


def redrive(sqs: Any, name: str, url: str) -> int:
    """Start SQS's own move task for a dead letter queue, and wait for its end."""
    arn = attribute(sqs, url, "QueueArn")
    waiting = int(attribute(sqs, url, "ApproximateNumberOfMessages"))
    if not waiting:
        print(f"{name}: 0 messages")
        return 0
    sqs.start_message_move_task(SourceArn=arn)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        task = sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]
        if task["Status"] == "COMPLETED":
            print(f"{name}: {task['ApproximateNumberOfMessagesMoved']} messages given back")
            return 0
        if task["Status"] in ("FAILED", "CANCELLED"):
            print(f"{name}: {task['Status']}: {task.get('FailureReason', 'no reason given')}", file=sys.stderr)
            return 1
        time.sleep(0.2)
    print(f"{name}: not done after {PATIENCE:.0f} s, and going on", file=sys.stderr)
    return 1


def attribute(sqs: Any, url: str, name: str) -> str:
    """One attribute of a queue."""
    value: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    return value


if __name__ == "__main__":
    boundary.run(main)
