"""What the plugin tells an edge of, and when. The edge here is conftest.py's, which takes down what it gets."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from windtunnel.config import HOST, Settings
from windtunnel.edge.config import EdgeConfig
from windtunnel.engines.orders import STATE_VARIABLE
from windtunnel.engines.process import end_tree, marked_processes
from windtunnel.harness import Harness
from windtunnel.testing.engine import apart

HANDLER = "def handler(event, context):\n    return 1\n"
ROLE = "arn:aws:iam::000000000000:role/r"


@pytest.fixture(scope="module")
def edge(fake_edge: Any) -> Any:
    return fake_edge


@pytest.fixture(scope="module")
def harness(windtunnel_settings: Settings, tmp_path_factory: pytest.TempPathFactory, edge: Any) -> Iterator[Harness]:
    state = tmp_path_factory.mktemp("publisher")
    told = {"WINDTUNNEL_EDGE_URL": f"http://{HOST}:{edge.port}"}
    settings = apart(windtunnel_settings, state, engine_environment=told)
    made = Harness(settings, lambda _event: None)
    made.engine.start(lambda _line: None)
    yield made
    for process in marked_processes(STATE_VARIABLE, str(state)):
        end_tree(process, grace=2)


@pytest.fixture(scope="module")
def gateway(harness: Harness) -> Any:
    return harness.client("apigateway")


@pytest.fixture(scope="module")
def functions(harness: Harness) -> Any:
    return harness.client("lambda")


@pytest.fixture
def api(gateway: Any) -> Iterator[str]:
    api_id: str = gateway.create_rest_api(name="published")["id"]
    add_method(gateway, api_id, "GET")
    yield api_id
    gateway.delete_rest_api(restApiId=api_id)


def add_method(gateway: Any, api_id: str, method: str) -> None:
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    place = {"restApiId": api_id, "resourceId": root, "httpMethod": method}
    gateway.put_method(**place, authorizationType="NONE")
    gateway.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})


def archive(source: str = HANDLER) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("index.py", source)
    return file.getvalue()


def create_function(functions: Any, **options: Any) -> str:
    name = f"published-{uuid4().hex[:6]}"
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": archive()},
        **options,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def eventually(probe: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := probe()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def methods(edge: Any, key: str) -> set[str]:
    return {verb for resource in edge.documents[key]["resources"] for verb in resource["methods"]}


def test_a_deployment_is_there_before_its_caller_has_the_answer(edge: Any, gateway: Any, api: str) -> None:
    key = f"stage/000000000000/us-east-1/{api}/live"

    gateway.create_deployment(restApiId=api, stageName="live", variables={"word": "w"})
    published = edge.documents[key]

    assert published["account"] == "000000000000"
    assert published["region"] == "us-east-1"
    assert published["restApi"]["id"] == api
    assert published["stage"]["variables"] == {"word": "w"}
    assert published["resources"][0]["path"] == "/"
    assert published["resources"][0]["methods"]["GET"]["methodIntegration"]["type"] == "MOCK"


def test_every_publication_has_the_engines_token(edge: Any, harness: Harness, api: str) -> None:
    config = EdgeConfig.read(harness.settings.state_dir / "engine/edge.json")

    assert edge.tokens == {config.token}


def test_what_is_not_deployed_is_not_published(edge: Any, gateway: Any, api: str) -> None:
    # source: API Gateway Developer Guide, "Deploy REST APIs": "Every time you update an API, you must redeploy the API"
    key = f"stage/000000000000/us-east-1/{api}/live"
    gateway.create_deployment(restApiId=api, stageName="live")
    count = len(edge.taken)

    add_method(gateway, api, "POST")
    gateway.put_gateway_response(restApiId=api, responseType="DEFAULT_4XX", statusCode="418")
    changed = len(edge.taken) - count
    before = methods(edge, key)
    gateway.create_deployment(restApiId=api, stageName="live")

    assert (changed, before) == (0, {"GET"})
    assert methods(edge, key) == {"GET", "POST"}
    assert edge.documents[key]["gatewayResponses"]["DEFAULT_4XX"]["statusCode"] == "418"


def test_a_stage_goes_back_to_an_earlier_deployment(edge: Any, gateway: Any, api: str) -> None:
    key = f"stage/000000000000/us-east-1/{api}/live"
    first = gateway.create_deployment(restApiId=api, stageName="live")["id"]
    add_method(gateway, api, "POST")
    gateway.create_deployment(restApiId=api, stageName="live")

    operation = {"op": "replace", "path": "/deploymentId", "value": first}
    gateway.update_stage(restApiId=api, stageName="live", patchOperations=[operation])

    assert methods(edge, key) == {"GET"}
    assert edge.documents[key]["stage"]["deploymentId"] == first


def test_a_stages_own_settings_are_published_as_they_change(edge: Any, gateway: Any, api: str) -> None:
    key = f"stage/000000000000/us-east-1/{api}/live"
    gateway.create_deployment(restApiId=api, stageName="live")

    operations = {
        "/variables/a": "b",
        "/*/*/throttling/burstLimit": "5",
        "/~1users/GET/throttling/rateLimit": "2.5",
        "/accessLogSettings/destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:g",
        "/accessLogSettings/format": "$context.status",
        "/tracingEnabled": "true",
    }
    gateway.update_stage(
        restApiId=api,
        stageName="live",
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in operations.items()],
    )
    stage = edge.documents[key]["stage"]

    assert stage["variables"] == {"a": "b"}
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 5
    assert stage["methodSettings"]["~1users/GET"]["throttlingRateLimit"] == 2.5
    assert stage["accessLogSettings"]["format"] == "$context.status"
    assert stage["tracingEnabled"] is True


def test_a_deleted_stage_is_taken_back(edge: Any, gateway: Any, api: str) -> None:
    for name in ("one", "two"):
        gateway.create_deployment(restApiId=api, stageName=name)

    gateway.delete_stage(restApiId=api, stageName="one")
    left = {key for key in edge.documents if f"/{api}/" in key}
    gateway.delete_stage(restApiId=api, stageName="two")

    assert left == {f"stage/000000000000/us-east-1/{api}/two"}
    assert not any(f"/{api}/" in key for key in edge.documents)


def test_a_resource_policy_is_published_as_it_was_put(edge: Any, gateway: Any) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": 'a"b', "Resource": "*"}],
    }
    api_id = gateway.create_rest_api(name="guarded", policy=json.dumps(policy))["id"]
    add_method(gateway, api_id, "GET")

    gateway.create_deployment(restApiId=api_id, stageName="live")
    published = edge.documents[f"stage/000000000000/us-east-1/{api_id}/live"]
    gateway.delete_rest_api(restApiId=api_id)

    assert json.loads(published["restApi"]["policy"]) == policy
    assert not any(f"/{api_id}/" in key for key in edge.documents)


def test_keys_and_usage_plans_are_published(edge: Any, gateway: Any, api: str) -> None:
    gateway.create_deployment(restApiId=api, stageName="live")
    key = gateway.create_api_key(name="k", enabled=True)
    plan = gateway.create_usage_plan(
        name="p",
        apiStages=[{"apiId": api, "stage": "live", "throttle": {"/users/GET": {"rateLimit": 1.5, "burstLimit": 2}}}],
        throttle={"rateLimit": 2.5, "burstLimit": 5},
        quota={"limit": 10, "offset": 2, "period": "WEEK"},
    )["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")

    published = edge.documents["keys/000000000000/us-east-1"]
    disabled = [{"op": "replace", "path": "/enabled", "value": "false"}]
    gateway.update_api_key(apiKey=key["id"], patchOperations=disabled)
    after = edge.documents["keys/000000000000/us-east-1"]
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_api_key(apiKey=key["id"])

    assert [(one["id"], one["value"], one["enabled"]) for one in published["apiKeys"]] == [
        (key["id"], key["value"], True)
    ]
    assert published["usagePlanKeys"] == {plan: [key["id"]]}
    (found,) = published["usagePlans"]
    assert found["apiStages"] == [
        {"apiId": api, "stage": "live", "throttle": {"/users/GET": {"rateLimit": 1.5, "burstLimit": 2}}}
    ]
    assert found["throttle"] == {"rateLimit": 2.5, "burstLimit": 5}
    assert found["quota"] == {"limit": 10, "offset": 2, "period": "WEEK"}
    assert [one["enabled"] for one in after["apiKeys"]] == [False]
    assert "keys/000000000000/us-east-1" not in edge.documents


def test_domain_names_and_their_mappings_are_published(edge: Any, gateway: Any, api: str) -> None:
    gateway.create_deployment(restApiId=api, stageName="live")
    gateway.create_domain_name(domainName="api.example.com")

    gateway.create_base_path_mapping(domainName="api.example.com", basePath="v1", restApiId=api, stage="live")
    (domain,) = edge.documents["domains/000000000000/us-east-1"]["domainNames"]
    gateway.delete_domain_name(domainName="api.example.com")

    (mapping,) = domain["basePathMappings"]
    assert domain["domainName"] == "api.example.com"
    assert (mapping["basePath"], mapping["restApiId"], mapping["stage"]) == ("v1", api, "live")
    assert "domains/000000000000/us-east-1" not in edge.documents


def test_a_function_is_published_with_all_that_its_name_stands_for(edge: Any, functions: Any) -> None:
    name = create_function(functions, Environment={"Variables": {"MINE": "b"}}, Timeout=7, MemorySize=256)
    key = f"function/000000000000/us-east-1/{name}"
    functions.publish_version(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, Timeout=8)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    functions.publish_version(FunctionName=name)
    functions.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    allowed = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    functions.add_permission(FunctionName=name, StatementId="all", **allowed)
    functions.add_permission(FunctionName=name, Qualifier="live", StatementId="alias", **allowed)

    published = edge.documents[key]
    functions.delete_function(FunctionName=name)

    assert (published["account"], published["region"], published["name"]) == ("000000000000", "us-east-1", name)
    assert set(published["versions"]) == {"$LATEST", "1", "2"}
    first, latest = published["versions"]["1"], published["versions"]["$LATEST"]
    assert (first["timeout"], latest["timeout"], latest["memory"]) == (7, 8, 256)
    assert (latest["runtime"], latest["handler"], latest["role"]) == ("python3.13", "index.handler", ROLE)
    assert latest["variables"] == {"MINE": "b"}
    assert latest["state"] == "Active"
    assert published["aliases"] == {"live": {"version": "1", "weights": {"2": 0.25}}}
    assert published["reservedConcurrency"] == 3
    assert {q: [s["Sid"] for s in p["Statement"]] for q, p in published["policies"].items()} == {
        "": ["all"],
        "live": ["alias"],
    }
    assert key not in edge.documents


def test_new_code_is_published_under_a_new_revision_and_a_new_state_is_not(edge: Any, functions: Any) -> None:
    name = create_function(functions)
    key = f"function/000000000000/us-east-1/{name}"
    before = edge.documents[key]["versions"]["$LATEST"]

    functions.update_function_code(FunctionName=name, ZipFile=archive(HANDLER + "#"))
    updating = edge.documents[key]["versions"]["$LATEST"]
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    functions.tag_resource(Resource=f"arn:aws:lambda:us-east-1:000000000000:function:{name}", Tags={"a": "b"})
    after = edge.documents[key]["versions"]["$LATEST"]
    functions.delete_function(FunctionName=name)

    assert before["revision"] != updating["revision"] == after["revision"]
    assert before["code"] != updating["code"] == after["code"]


def test_reading_publishes_nothing(edge: Any, gateway: Any, functions: Any, api: str) -> None:
    gateway.create_deployment(restApiId=api, stageName="live")
    count = len(edge.taken)

    gateway.get_stages(restApiId=api)
    gateway.get_rest_apis()
    functions.list_functions()

    assert len(edge.taken) == count


def test_callers_at_once_are_published_in_order(edge: Any, gateway: Any, api: str) -> None:
    gateway.create_deployment(restApiId=api, stageName="live")
    key = f"stage/000000000000/us-east-1/{api}/live"
    began = len(edge.taken)
    edge.delay = 0.02

    def change(name: str) -> None:
        operation = {"op": "replace", "path": f"/variables/{name}", "value": name}
        gateway.update_stage(restApiId=api, stageName="live", patchOperations=[operation])

    threads = [threading.Thread(target=change, args=(f"v{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    edge.delay = 0.0

    # LocalStack changes a copy of the stage and puts it back: of two at once, one may lose its change, but what was
    # published last is what LocalStack has
    published = edge.documents[key]["stage"]["variables"]
    assert published == gateway.get_stage(restApiId=api, stageName="live")["variables"]
    assert not any(body["replace"] for body in edge.taken[began:])


def test_an_edge_that_was_away_is_told_everything_once_it_is_back(edge: Any, gateway: Any, api: str) -> None:
    gateway.create_deployment(restApiId=api, stageName="before")
    key = f"stage/000000000000/us-east-1/{api}"
    with edge.away():
        began = time.monotonic()
        gateway.create_deployment(restApiId=api, stageName="meanwhile")
        gateway.delete_stage(restApiId=api, stageName="before")
        took = time.monotonic() - began
        edge.documents["stage/of/an/earlier/life"] = {}
        count = len(edge.taken)

    told = eventually(lambda: len(edge.taken) > count)
    gateway.create_deployment(restApiId=api, stageName="after")

    assert took < 5.0
    assert told
    assert edge.taken[count]["replace"] is True
    assert {name for name in edge.documents if name.startswith(key)} == {f"{key}/meanwhile", f"{key}/after"}
    assert "stage/of/an/earlier/life" not in edge.documents
    # and then again only what changes
    assert edge.taken[-1]["replace"] is False
    assert list(edge.taken[-1]["put"]) == [f"{key}/after"]


def test_usage_is_what_the_edge_counted(edge: Any, gateway: Any) -> None:
    # source: API Gateway REST API Reference, GetUsage: "items": per key, per day, "[used, remaining]"
    period = {"startDate": "2026-11-20", "endDate": "2026-11-21"}
    plan = gateway.create_usage_plan(name="counted")["id"]

    usage = gateway.get_usage(usagePlanId=plan, **period)
    of_one = gateway.get_usage(usagePlanId=plan, keyId="key2", **period)
    gateway.delete_usage_plan(usagePlanId=plan)

    assert edge.asked[0] == f"/_windtunnel/usage?plan={plan}&start=2026-11-20&end=2026-11-21"
    assert (usage["usagePlanId"], usage["startDate"], usage["endDate"]) == (plan, "2026-11-20", "2026-11-21")
    assert usage["items"] == {"key1": [[3, 7], [0, 10]], "key2": [[1, 9], [0, 10]]}
    assert of_one["items"] == {"key2": [[1, 9], [0, 10]]}
