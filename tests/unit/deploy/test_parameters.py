from __future__ import annotations

from collections.abc import Callable

import pytest

from windtunnel.deploy.parameters import (
    check_parameters,
    choose_parameters,
    inherited_parameters,
    same_parameters,
)
from windtunnel.deploy.template import Template
from windtunnel.errors import TemplateError

TEXT = """
Parameters:
  Stage: {Type: String, Default: dev}
  Size: {Type: Number, Default: 5}
  Debug: {Type: String, Default: true}
  Token: {Type: String}
Resources: {Queue: {Type: AWS::SQS::Queue}}
"""


@pytest.fixture
def template(template_of: Callable[[str], Template]) -> Template:
    return template_of(TEXT)


def test_given_values_are_sent_and_defaults_are_the_templates_own(template: Template) -> None:
    chosen = choose_parameters(template, {"Token": "t", "Stage": "prod"}, None)

    assert chosen == (
        {"ParameterKey": "Stage", "ParameterValue": "prod"},
        {"ParameterKey": "Token", "ParameterValue": "t"},
    )


def test_what_has_no_default_keeps_the_value_that_the_stack_has(template: Template) -> None:
    chosen = choose_parameters(template, {}, {"Token": "old"})

    assert chosen == ({"ParameterKey": "Token", "UsePreviousValue": True},)


@pytest.mark.parametrize("deployed", [None, {"Stage": "dev"}])
def test_a_value_that_nothing_gives_is_asked_for(template: Template, deployed: dict[str, str] | None) -> None:
    with pytest.raises(TemplateError, match="'Token' has no default") as caught:
        choose_parameters(template, {}, deployed)

    assert "[parameters]" in caught.value.hint


def test_an_unknown_parameter_is_named_with_the_one_that_was_meant(template: Template) -> None:
    with pytest.raises(TemplateError, match="no parameter 'Stagee'") as caught:
        check_parameters(template, {"Stagee": "x"})

    assert caught.value.hint == "did you mean 'Stage'?"


def test_parameters_are_compared_as_cloudformation_shows_them(template: Template) -> None:
    deployed = {"Stage": "dev", "Size": "5", "Debug": "true", "Token": "old"}
    chosen = choose_parameters(template, {}, deployed)

    assert same_parameters(template, chosen, deployed)
    assert not same_parameters(template, choose_parameters(template, {"Token": "new"}, deployed), deployed)
    assert not same_parameters(template, chosen, {**deployed, "Stage": "prod"})
    assert not same_parameters(template, chosen, {k: v for k, v in deployed.items() if k != "Size"})


def test_a_parameter_named_like_an_output_gets_its_value(template: Template) -> None:
    application, jobs = {"Stage": "prod", "ApiUrl": "https://a"}, {"Token": "of jobs", "Stage": "of jobs"}

    inherited = inherited_parameters(template, [application, jobs])

    # the application's counts before a part's; what no parameter is named like is left out
    assert inherited == {"Stage": "prod", "Token": "of jobs"}


def test_without_other_stacks_nothing_is_inherited(template: Template) -> None:
    assert inherited_parameters(template, []) == {}
