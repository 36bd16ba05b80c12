"""The optional part `observability`, and what the other templates give it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

FOLDER = Path(__file__).parents[3] / "infra/sam"
PARTS = ("jobs", "limits", "uploads")

type Json = dict[str, Any]


def read(path: str) -> Json:
    parsed: Json = yaml_parse((FOLDER / path).read_text())
    return parsed


@pytest.fixture(scope="module")
def template() -> Json:
    return read("stacks/observability/template.yaml")


def of_type(template: Json, kind: str) -> Json:
    return {name: item for name, item in template["Resources"].items() if item["Type"] == kind}


def test_what_has_no_default_is_an_output_of_the_application(template: Json) -> None:
    needed = {name for name, parameter in template["Parameters"].items() if "Default" not in parameter}

    assert needed == {"ApiName", "StageName", "MetricsNamespace"}
    assert needed <= read("template.yaml")["Outputs"].keys()


def test_the_queues_are_outputs_of_the_jobs(template: Json) -> None:
    queues = {name for name in template["Parameters"] if name.endswith(("QueueName", "LettersName"))}

    assert len(queues) == 4
    assert queues <= read("stacks/jobs/template.yaml")["Outputs"].keys()


def test_every_alarm_tells_the_topic_and_takes_silence_for_good(template: Json) -> None:
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert properties["TreatMissingData"] == "notBreaching", name
        assert properties["Period"] == {"Ref": "AlarmPeriod"}, name
        assert ("Condition" in alarm) == (properties["Namespace"] == "AWS/SQS"), name


@pytest.mark.parametrize("jobs", [True, False])
def test_the_dashboard_is_json_with_and_without_the_jobs(template: Json, jobs: bool) -> None:
    text, fragments = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, choice in fragments.items():
        chosen = choice["Fn::If"][1 if jobs else 2]
        text = text.replace(f"${{{name}}}", chosen["Fn::Sub"] if chosen else "")
    body = json.loads(re.sub(r"\$\{[^}]+\}", "5", text))

    alarms = body["widgets"][0]["properties"]["alarms"]
    assert len(alarms) == (8 if jobs else 4) == len(set(re.findall(r"\$\{(\w+)\.Arn\}", text)))
    # nothing covers anything else on the grid of 24 columns
    places = [(x, y) for w in body["widgets"] for x in range(w["x"], w["x"] + w["width"])
              for y in range(w["y"], w["y"] + w["height"])]  # fmt: skip
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_are_traced_and_logged_too(part: str) -> None:
    template = read(f"stacks/{part}/template.yaml")
    api = template["Resources"]["Api"]["Properties"]

    assert template["Globals"]["Function"]["Tracing"] == "Active"
    assert api["TracingEnabled"] is True
    assert json.loads(api["AccessLogSetting"]["Format"])["status"] == "$context.status"
    for name, role in of_type(template, "AWS::IAM::Role").items():
        assert [arn["Fn::Sub"].rpartition("/")[2] for arn in role["Properties"]["ManagedPolicyArns"]] == [
            "AWSXRayDaemonWriteAccess"
        ], name
