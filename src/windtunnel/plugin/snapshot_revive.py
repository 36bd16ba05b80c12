"""What has to be done once state is back, so that services work: LocalStack's own hooks, and what they lack."""

from __future__ import annotations

import functools
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windtunnel.plugin.localstack import SERVICE_PLUGINS, ArchiveService, ChangeSetModelExecutor
from windtunnel.plugin.mends import partly_updated
from windtunnel.plugin.snapshot_more import provider
from windtunnel.plugin.snapshot_services import Containers

LOG = logging.getLogger(__name__)
INTERRUPTED = "the engine ended while this was going on"
FAILED = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_FAILED",
}
"""What a stack is whose operation nobody carries on."""
LAST = ("cloudwatch", "events", "lambda")
"""Services that use others as they start to work."""
UNHOOKED = ("cloudwatch",)
"""LocalStack's hooks stop the scheduler of its alarms for good, and make a store in every region."""


def revive(restored: Mapping[str, Containers]) -> None:
    """Call the after-load hooks of services whose state is back. What fails is logged, and the others go on."""
    for service in sorted(restored, key=lambda name: (name in LAST, name)):
        try:
            if service not in UNHOOKED:
                SERVICE_PLUGINS.get_service(service).lifecycle_hook.on_after_state_load()
            if service in REVIVERS:
                REVIVERS[service](restored[service])
        except Exception:
            LOG.exception("%s has its state back, but may not work in full", service)


def follow_progress(step: Callable[[], AbstractContextManager[None]]) -> None:
    """Have a stack know what its operation has done so far: LocalStack tells it only at the end.

    What is done to one resource is done within `step`.
    """
    execute = ChangeSetModelExecutor.execute

    @functools.wraps(execute)
    def execute_in_the_open(self: Any) -> Any:
        stack = self._change_set.stack
        stack.windtunnel_progress = (self.resources, self._change_set)
        try:
            return execute(self)
        finally:
            del stack.windtunnel_progress

    act = ChangeSetModelExecutor._execute_resource_action

    @functools.wraps(act)
    def act_in_a_step(self: Any, *arguments: Any, **options: Any) -> Any:
        with step():
            return act(self, *arguments, **options)

    ChangeSetModelExecutor.execute = execute_in_the_open
    ChangeSetModelExecutor._execute_resource_action = act_in_a_step


def end_interrupted_stacks(found: Containers) -> None:
    """A stack that was being changed has failed: it can be deleted, or deployed again."""
    for store in _stores(found):
        for stack in store.stacks_v2.values():
            if stack.status in FAILED:
                LOG.warning("the stack %s was %s: it is %s now", stack.stack_name, stack.status, FAILED[stack.status])
                _keep_progress(stack)
                stack.set_stack_status(FAILED[stack.status], reason=INTERRUPTED)
        for change_set in store.change_sets.values():
            if change_set.status == "CREATE_IN_PROGRESS":
                change_set.set_change_set_status("FAILED")
                change_set.status_reason = INTERRUPTED
            if change_set.execution_status == "EXECUTE_IN_PROGRESS":
                change_set.set_execution_status("EXECUTE_FAILED")


def _keep_progress(stack: Any) -> None:
    """Have the stack hold what there is of it: what was made is deleted with it, or changed by the next deployment."""
    resources, change_set = stack.__dict__.pop("windtunnel_progress", ({}, None))
    before = stack.resolved_resources
    if stack.status == "DELETE_IN_PROGRESS" or change_set is None:
        stack.resolved_resources = {name: before[name] for name in before if name in stack.resource_states}
        return
    done = {name: resource for name, resource in resources.items() if resource.get("PhysicalResourceId")}
    kept = {name: resource for name, resource in before.items() if name not in done}
    template = partly_updated(stack.processed_template or {}, change_set.processed_template, set(kept), set(done))
    stack.resolved_resources = kept | done
    stack.resolved_parameters = change_set.resolved_parameters
    stack.template = stack.processed_template = template
    stack.template_body = json.dumps(template)


def end_interrupted_executions(found: Containers) -> None:
    """Step Functions' executions do not go on after a restart: they are aborted."""
    for store in _stores(found):
        for execution in store.executions.values():
            if execution.exec_status == "RUNNING":
                execution.exec_status, execution.stop_date = "ABORTED", datetime.now(tz=UTC)
                execution.error, execution.cause = "Windtunnel.Restarted", INTERRUPTED


def watch_alarms(found: Containers) -> None:
    """Alarms are looked at again."""
    for store in _stores(found):
        for arn, alarm in store.alarms.items():
            if "MetricName" in alarm.alarm:
                provider("cloudwatch").alarm_scheduler.schedule_metric_alarm(arn)


def start_events(found: Containers) -> None:
    """Clients of archives, and the jobs of rules with a schedule."""
    events = provider("events")
    for store in _stores(found):
        for archive in store.archives.values():
            events._archive_service_store[archive.arn] = _archive_service(archive)
    for service in events._rule_services_store.values():
        rule = service.rule
        if rule.schedule_expression:
            service.create_schedule_job(events._get_scheduled_rule_job_function(rule.account_id, rule.region, rule))


def _archive_service(archive: Any) -> Any:
    state, created = archive.state, archive.creation_time
    service = ArchiveService(archive)
    archive.state, archive.creation_time = state, created
    return service


def forget_code(found: Containers) -> None:
    """Unpacked code that no function has any more: of functions that were deleted since the snapshot, or made."""
    needed = {
        code.get_unzipped_code_location().parent
        for store in _stores(found)
        for code in _archives(store)
        if hasattr(code, "s3_bucket")
    }
    for folder in Path(tempfile.gettempdir(), "lambda").glob("awslambda-*-tasks/*"):
        if folder not in needed:
            shutil.rmtree(folder, ignore_errors=True)


def _archives(store: Any) -> Iterable[Any]:
    for function in store.functions.values():
        for version in function.versions.values():
            yield version.config.code
    for layer in store.layers.values():
        for version in layer.layer_versions.values():
            yield version.code


def _stores(found: Containers) -> list[Any]:
    return [store for bundle in found.stores if hasattr(bundle, "iter_stores") for *_, store in bundle.iter_stores()]


REVIVERS: Mapping[str, Callable[[Containers], None]] = {
    "cloudformation": end_interrupted_stacks,
    "cloudwatch": watch_alarms,
    "events": start_events,
    "lambda": forget_code,
    "stepfunctions": end_interrupted_executions,
}
