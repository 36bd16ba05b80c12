"""When log groups were deleted.

Log events come from the edge in batches, a moment late. Those of before a group's deletion would have gone with it:
they are not to make it anew, where a stack that is deployed again could not.
"""

from __future__ import annotations

import functools
import time
from collections import OrderedDict
from typing import Any

from windtunnel.plugin.localstack import LogsBackend

KEPT = 10_000
"""Groups whose deletion is remembered."""


class DeletedGroups:
    """By account, region and name."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._moments: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def note(self, account: str, region: str, name: str, moment: int) -> None:
        """A group was deleted, at `moment` in ms."""
        place = (account, region, name)
        self._moments[place] = moment
        self._moments.move_to_end(place)
        if len(self._moments) > self._kept:
            self._moments.popitem(last=False)

    def moment(self, account: str, region: str, name: str) -> int:
        """When a group was last deleted, in ms; 0 where it was not."""
        return self._moments.get((account, region, name), 0)


def watch_deletions() -> DeletedGroups:
    """From here on every deletion of a log group is noted. Call it once."""
    deleted = DeletedGroups()
    delete = LogsBackend.delete_log_group

    @functools.wraps(delete)
    def delete_log_group(self: Any, log_group_name: str) -> None:
        delete(self, log_group_name)
        deleted.note(self.account_id, self.region_name, log_group_name, int(time.time() * 1000))

    LogsBackend.delete_log_group = delete_log_group
    return deleted
