"""Sources: Developer Guide, "Mapping template variable reference for REST APIs"; LocalStack's validated tests."""

from __future__ import annotations

import json

import pytest

from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.templates import Template, compiled, template_variables

BODY = json.dumps({"pets": [{"id": 1, "type": "dog"}, {"id": 2}], "name": "it's", "none": None, "text": "a/b é"})
PARAMETERS = {
    "path": {"id": "7", "both": "path"},
    "querystring": {"q": "a b", "both": "query", "empty": ""},
    "header": {"Content-Type": "application/json", "both": "header", "empty": "header"},
}


def rendered(template: str, body: str = BODY) -> str:
    context = {"stage": "test", "identity": {"sourceIp": "192.0.2.7"}, "requestTimeEpoch": 1800000000000}
    return Template(template).render(template_variables(body, PARAMETERS, context, {"Var": "value"}))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.body", BODY),
        ("$input.json('$.pets')", '[{"id":1,"type":"dog"},{"id":2}]'),
        ("$input.json('$.name') $input.json('$.pets[0].id') $input.json('$.none')", '"it\'s" 1 null'),
        ("$input.json('$.missing')", '""'),
        ("$input.path('$.pets').size() $input.path('$.pets')[0].type", "2 dog"),
        ("$input.path('$.missing')|$input.path('$.missing').deeper", "|"),
        ("$input.path('$').pets", '[{"id":1,"type":"dog"},{"id":2}]'),
        ("#foreach($pet in $input.path('$.pets'))$pet.id#if($foreach.hasNext),#end#end", "1,2"),
        # path, query string, header: in this order
        ("$input.params('id') $input.params('q') $input.params('both') $input.params('empty')", "7 a b path header"),
        ("$input.params('Content-Type') $input.params('content-type')", "application/json application/json"),
        ("$input.params('none')|", "|"),
        ("$input.params().path.id $input.params().get('querystring').q", "7 a b"),
        ("$context.stage $context.identity.sourceIp $context.requestTimeEpoch", "test 192.0.2.7 1800000000000"),
        ("$context.none|$context.authorizer.claims.sub|", "||"),
        ("$stageVariables.Var $stageVariables['Var'] ${stageVariables['Var']}", "value value value"),
        ("$util.escapeJavaScript($input.path('$.name'))", "it\\'s"),
        ("$util.escapeJavaScript($input.path('$.name')).replaceAll(\"\\\\'\",\"'\")", "it's"),
        ("$util.escapeJavaScript($input.json('$.pets[1]'))", '{\\"id\\":2}'),
        ("$util.escapeJavaScript(null) $util.escapeJavaScript('') $util.escapeJavaScript(1)", "null {} 1"),
        ("$util.escapeJavaScript($input.path('$.text'))", "a/b \\u00e9"),
        ("$util.escapeJavaScript($nothing)|", "|"),
        ('$util.parseJson(\'{"key2":{"arr":[1,2]}}\').key2.arr[0]', "1"),
        ("$util.urlEncode('x=a+b c') $util.urlDecode('x%3Da+b')", "x%3Da%2Bb+c x=a b"),
        ("$util.base64Encode('hé') $util.base64Decode('aMOp')", "aMOp hé"),
        ("$util.base64Encode($input.path('$.pets[1]'))", "eyJpZCI6Mn0="),
    ],
)
def test_variables_and_functions(template: str, expected: str) -> None:
    assert rendered(template) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [("$input.body", "{}"), ("$input.json('$')", '""'), ("$input.path('$.a')|", "|")],
)
def test_a_body_of_nothing(template: str, expected: str) -> None:
    # LocalStack's validated test_input_body_formatting
    assert rendered(template, "") == expected


def test_the_documentation_s_passthrough_template() -> None:
    # "Mapping template variable reference for REST APIs": all parameters passed through
    template = """#set($allParams = $input.params())
{
  "params" : {
    #foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
    "$type" : {
      #foreach($paramName in $params.keySet())
      "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
      #if($foreach.hasNext),#end
      #end
    }
    #if($foreach.hasNext),#end
    #end
  }
}"""

    params = json.loads(rendered(template))["params"]

    assert params["path"] == {"id": "7", "both": "path"}
    assert params["header"]["Content-Type"] == "application/json"


def test_a_template_without_references_is_as_it_is() -> None:
    assert Template("{}\n").render({}) == "{}\n"
    assert Template(' {"a": "\\u0024"} ').render({}) == ' {"a": "\\u0024"} '


@pytest.mark.parametrize(
    "template", ["#if($x)", "$input.json()", "$util.parseJson('{')", "#nomacro('x')", "#set($a.b.c = 1)"]
)
def test_a_template_that_fails_is_500(template: str) -> None:
    with pytest.raises(GatewayError) as caught:
        rendered(template)

    assert (caught.value.kind.status, caught.value.message) == (500, "Internal server error")


def test_a_template_is_parsed_once() -> None:
    assert compiled("$a") is compiled("$a")
