"""What the harness asks before it believes that an engine is ready, and is windtunnel's: GET /_windtunnel/status."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from windtunnel import __version__
from windtunnel.plugin import snapshot
from windtunnel.plugin.cloudwatch_resources import mend_alarm_update
from windtunnel.plugin.cognito import PATH as USER_POOLS
from windtunnel.plugin.cognito import mend_user_pool_keys, user_pool_keys
from windtunnel.plugin.dynamodb import dynamodb_port
from windtunnel.plugin.edge import the_edge
from windtunnel.plugin.localstack import (
    ROUTER,
    SERVICE_PLUGINS,
    VERSION,
    Response,
    get_runtime_executor,
    hooks,
)
from windtunnel.plugin.log_events import mend_log_streams
from windtunnel.plugin.mends import mend_localstack
from windtunnel.plugin.mends_apigateway import mend_apigateway
from windtunnel.plugin.mends_streams import mend_streams
from windtunnel.plugin.mends_variables import mend_variables
from windtunnel.plugin.metric_values import mend_cloudwatch
from windtunnel.plugin.publisher import Publisher
from windtunnel.plugin.queue_metrics import mend_queue_metrics
from windtunnel.plugin.table_resources import mend_tables
from windtunnel.plugin.telemetry import PATH as TELEMETRY
from windtunnel.plugin.telemetry import QuietTelemetry, metric_store, telemetry_route

LOG = logging.getLogger(__name__)
PATH = "/_windtunnel/status"
SERVICES = ("cognito-idp", "dynamodb", "dynamodbstreams")
FIRST_DEPLOY = ("sts", "s3", "cloudformation", "dynamodb", "iam", "logs", "lambda", "apigateway")
"""LocalStack loads a service with its first call; together these take two seconds."""
READY = threading.Event()
PUBLISHER: list[Publisher] = []
"""The one there is; none without an edge."""


@hooks.on_infra_start()
def windtunnel_start() -> None:
    """Before anything is served: our routes, and LocalStack mended."""
    ROUTER.add(PATH, lambda _request: Response(json.dumps(status()), mimetype="application/json"))
    mend_localstack()
    mend_log_streams()
    mend_cloudwatch()
    mend_alarm_update()
    mend_queue_metrics(metric_store)
    ROUTER.add(TELEMETRY, telemetry_route(READY.is_set), methods=["POST"])
    logging.getLogger("localstack.request.http").addFilter(QuietTelemetry())
    mend_apigateway()
    mend_tables()
    mend_streams()
    mend_variables()
    mend_user_pool_keys()
    ROUTER.add(USER_POOLS, user_pool_keys, methods=["GET"])
    snapshot.start()
    if (edge := the_edge()) is not None:
        # one that lost its state does not take it from the edge, which goes on serving what it has
        PUBLISHER.append(Publisher(edge, whole=snapshot.restored()))
        PUBLISHER[0].watch()


@hooks.on_infra_ready(priority=100)
def windtunnel_ready() -> None:
    """After every start hook, and before LocalStack's own ready scripts, whose calls wait for restored state.

    What a first deploy needs is loaded while the harness builds it.
    """
    snapshot.finish()
    for publisher in PUBLISHER:
        publisher.publish()
    READY.set()
    threading.Thread(target=_load_services, name="windtunnel-load", daemon=True).start()


def _load_services() -> None:
    for service in FIRST_DEPLOY:
        try:
            SERVICE_PLUGINS.require(service)
        except Exception:
            LOG.exception("%s could not be loaded ahead of its first call", service)


def status() -> Mapping[str, Any]:
    """What runs here: instance is the token the harness gave; executor and providers are those really loaded.

    Settled is whether all state is on disk, and null where none is kept.
    """
    return {
        "instance": os.environ.get("WINDTUNNEL_INSTANCE"),
        "version": __version__,
        "localstack": VERSION,
        "pid": os.getpid(),
        "ready": READY.is_set(),
        "settled": snapshot.settled(),
        "executor": _executor(),
        "dynamodb_port": dynamodb_port(),
        "providers": {service: _provider(service) for service in SERVICES},
    }


def _executor() -> str:
    """The name of the executor that LocalStack really loaded; it falls back to Docker with only a warning."""
    try:
        return getattr(get_runtime_executor(), "windtunnel_name", get_runtime_executor().__qualname__)
    except Exception as error:
        LOG.exception("the Lambda executor cannot be loaded")
        return f"none: {error}"


def _provider(service: str) -> str:
    """The provider that LocalStack takes for a service: the one it is told to, where that exists."""
    told = SERVICE_PLUGINS.get_active_provider(service)
    there = SERVICE_PLUGINS.api_provider_specs.get(service, [])
    return told if told in there else SERVICE_PLUGINS.get_default_provider()
