"""From a template with local paths to one that CloudFormation can read: artifacts built and uploaded."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.deploy.artifact import Artifact, relocate
from windtunnel.deploy.bucket import Bucket, open_bucket
from windtunnel.deploy.build import Builder, Plan
from windtunnel.deploy.events import Building, Notice, OnEvent, Uploading
from windtunnel.deploy.template import MAX_INLINE_BYTES, Template, to_json

UPLOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Built:
    """The result of a build, and the resources that use it."""

    label: str
    users: tuple[str, ...]
    path: Path


@dataclass(frozen=True)
class Published:
    """A template in the form that CloudFormation takes it."""

    text: str
    arguments: Mapping[str, str]
    """TemplateBody, or TemplateURL where the text is too long for that."""


def build_artifacts(
    builder: Builder, template: Template, artifacts: tuple[Artifact, ...], on_event: OnEvent
) -> tuple[Built, ...]:
    """Build what is not built yet, once for all resources that have the same content. Raises BuildError."""
    builder.sweep(time.time())
    groups: dict[str, list[Plan]] = {}
    for artifact in artifacts:
        plan = builder.plan(artifact)
        groups.setdefault(plan.key, []).append(plan)

    results = []
    for plans in groups.values():
        path = builder.built(plans[0])
        label = os.path.relpath(plans[0].artifact.source, template.folder)
        users = tuple(plan.artifact.logical_id for plan in plans)
        on_event(Building(label, users, cached=path is not None))
        if other := _other_runtime(plans):
            on_event(
                Notice(f"{label}: requirements are installed for {plans[0].installs_for}, and it is to run in {other}")
            )
        results.append(Built(label, users, path or builder.build(plans[0])))
    return tuple(results)


def _other_runtime(plans: list[Plan]) -> str:
    """The Python that the template names where it is not the one that requirements are installed for; else ""."""
    for plan in plans:
        wanted = plan.artifact.build_method or plan.artifact.runtime
        if plan.installs_for and wanted != plan.installs_for:
            return wanted
    return ""


def publish(
    template: Template, stack_name: str, builds: tuple[Built, ...], client: Callable[[str], Any], on_event: OnEvent
) -> Published:
    """Upload what the bucket does not have yet, and point the template there. `client` makes boto3 clients by name."""
    bucket = open_bucket(client) if builds else None
    locations = {}
    if bucket:
        keys = _upload(bucket, stack_name, builds, on_event)
        locations = {user: (bucket.name, keys[build]) for build in builds for user in build.users}

    text = to_json(relocate(template, locations))
    body = text.encode()
    if len(body) <= MAX_INLINE_BYTES:
        return Published(text, {"TemplateBody": text})
    bucket = bucket or open_bucket(client)
    key = f"{stack_name}/{hashlib.sha256(body).hexdigest()}.template"
    bucket.put(key, body)
    return Published(text, {"TemplateURL": bucket.url(key)})


def _upload(bucket: Bucket, stack_name: str, builds: tuple[Built, ...], on_event: OnEvent) -> dict[Built, str]:
    """Upload builds at the same time, reporting each in order; their keys."""

    def find(build: Built) -> tuple[str, bytes, bool]:
        content = build.path.read_bytes()
        # named by its content: what did not change keeps its name, and so the template its text
        key = f"{stack_name}/{hashlib.sha256(content).hexdigest()}{build.path.suffix}"
        return key, content, bucket.has(key)

    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        found = list(pool.map(find, builds))
        uploads = []
        for build, (key, content, there) in zip(builds, found, strict=True):
            on_event(Uploading(build.label, len(content), already_there=there))
            if not there:
                uploads.append(pool.submit(bucket.put, key, content))
        for upload in uploads:
            upload.result()
    return {build: key for build, (key, _, _) in zip(builds, found, strict=True)}
