"""What is worked out of a stage's definition when it is published, so that a request finds it done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from windtunnel.apigateway.access_log import AccessLogger, access_logger
from windtunnel.apigateway.authorization import Answers, MethodAuthorizer
from windtunnel.apigateway.definition import Integration, Keys, Method, Stage
from windtunnel.apigateway.integration import Backplane, LambdaProxy, Mock
from windtunnel.apigateway.keys import KeyChecks
from windtunnel.apigateway.metrics import StageMetrics
from windtunnel.apigateway.resource_policy import ResourcePolicy
from windtunnel.apigateway.routing import Router
from windtunnel.apigateway.validation import Validation, Validators, validation_of
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.http.client import Client

NO_KEYS = Keys({}, ())


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """A method, ready to answer. What there is nothing to do for is None."""

    method: Method
    authorizer: MethodAuthorizer | None
    validation: Validation | None
    integration: LambdaProxy | Mock | Backplane | None


@dataclass
class StagePlan:
    """A stage, ready to answer. Its keys change without it."""

    stage: Stage
    router: Router
    methods: dict[int, MethodPlan]
    """By the method's identity."""
    policy: ResourcePolicy
    keys: KeyChecks
    access_log: AccessLogger | None
    metrics: StageMetrics

    def take_keys(self, keys: Keys) -> None:
        """Take other keys and plans from now on."""
        self.keys = KeyChecks(keys, self.stage)


def stage_plan(stage: Stage, keys: Keys, kept: Answers, backplane: Client) -> StagePlan:
    """Compile a stage."""
    return StagePlan(
        stage=stage,
        router=Router(stage),
        methods={id(plan.method): plan for plan in _method_plans(stage, kept, backplane)},
        policy=ResourcePolicy(stage),
        keys=KeyChecks(keys, stage),
        access_log=access_logger(stage),
        metrics=StageMetrics(stage),
    )


def _method_plans(stage: Stage, kept: Answers, backplane: Client) -> Iterable[MethodPlan]:
    validators = Validators(stage)
    for method in stage.methods:
        yield MethodPlan(
            method=method,
            authorizer=MethodAuthorizer(stage, method, kept) if method.authorization != "NONE" else None,
            validation=validation_of(stage, method, validators),
            integration=_integration(stage, method, method.integration, kept.functions, backplane),
        )


def _integration(
    stage: Stage,
    method: Method,
    integration: Integration | None,
    functions: FunctionsPlane,
    backplane: Client,
) -> LambdaProxy | Mock | Backplane | None:
    if integration is None:
        return None
    if integration.type == "AWS_PROXY" and LambdaProxy.serves(integration):
        return LambdaProxy(stage, method, integration, functions)
    if integration.type == "MOCK":
        return Mock()
    return Backplane(stage, integration, backplane)
