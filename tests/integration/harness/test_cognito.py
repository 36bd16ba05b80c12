"""Cognito user pools in the engine: made by API or template, tokens under each pool's own key.

Source: Cognito Developer Guide, "Verifying JSON web tokens", "Understanding the ID token", "... access token".
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from windtunnel.config import HOST
from windtunnel.edge.config import TOKEN_HEADER, EdgeConfig
from windtunnel.harness import Harness
from windtunnel.testing.plugin import Engine

FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
TEMPLATE = {
    "Resources": {
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {"UserPoolName": "of-a-template", "AutoVerifiedAttributes": ["email"]},
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "ClientName": "web", "ExplicitAuthFlows": FLOWS},
        },
        "Server": {
            "Type": "AWS::Cognito::UserPoolResourceServer",
            "Properties": {
                "UserPoolId": {"Ref": "Pool"},
                "Identifier": "users",
                "Name": "users",
                "Scopes": [{"ScopeName": "read", "ScopeDescription": "reads"}],
            },
        },
        "Group": {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "GroupName": "admins", "Precedence": 1},
        },
        "Domain": {
            "Type": "AWS::Cognito::UserPoolDomain",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "Domain": "windtunnel-test"},
        },
        "User": {
            "Type": "AWS::Cognito::UserPoolUser",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "Username": "grace", "MessageAction": "SUPPRESS"},
        },
    },
    "Outputs": {
        "Pool": {"Value": {"Ref": "Pool"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Pool", "Arn"]}},
        "Client": {"Value": {"Ref": "Client"}},
    },
}


@pytest.fixture(scope="module")
def cognito(engine: Engine) -> Any:
    return engine.client("cognito-idp")


def keys(engine: Engine, pool: str, token: str | None = None) -> requests.Response:
    config = EdgeConfig.read(engine.settings.state_dir / "engine/edge.json")
    url = f"http://{HOST}:{config.backplane_port}/_windtunnel/user-pools/{pool}/jwks"
    return requests.get(url, headers={TOKEN_HEADER: config.token if token is None else token}, timeout=10)


def make_pool(cognito: Any) -> tuple[str, str]:
    """A pool's id, and that of its client; with the user ada."""
    pool = cognito.create_user_pool(PoolName="tokens")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web", ExplicitAuthFlows=FLOWS)
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Secret-1234", Permanent=True)
    return pool, client["UserPoolClient"]["ClientId"]


def sign_in(cognito: Any, client: str, password: str = "Secret-1234") -> Any:
    return cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ada", "PASSWORD": password}
    )["AuthenticationResult"]


def decode(token: str, jwks: Any, **options: Any) -> Any:
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwks["keys"] if key["kid"] == kid]
    return jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"], **options)


def test_tokens_are_signed_with_the_pools_published_key(engine: Engine, cognito: Any) -> None:
    pool, client = make_pool(cognito)
    signed_in, jwks = sign_in(cognito, client), keys(engine, pool).json()

    identity = decode(signed_in["IdToken"], jwks, audience=client)
    access = decode(signed_in["AccessToken"], jwks)

    assert identity["iss"] == access["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    assert (identity["token_use"], identity["cognito:username"]) == ("id", "ada")
    assert (access["token_use"], access["client_id"], access["username"]) == ("access", client, "ada")
    assert all("d" not in key and key["alg"] == "RS256" for key in jwks["keys"])


def test_another_pools_key_does_not_verify(engine: Engine, cognito: Any) -> None:
    (_, client), (other, _) = make_pool(cognito), make_pool(cognito)
    token = sign_in(cognito, client)["AccessToken"]
    (key,) = keys(engine, other).json()["keys"]

    assert jwt.get_unverified_header(token)["kid"] != key["kid"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"])


def test_a_wrong_password_signs_nobody_in(cognito: Any) -> None:
    _, client = make_pool(cognito)

    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        sign_in(cognito, client, "Wrong-1234")


def test_keys_are_for_who_has_the_token_and_of_pools_that_are_there(engine: Engine, cognito: Any) -> None:
    pool, _ = make_pool(cognito)

    assert keys(engine, pool, "").status_code == 403
    assert keys(engine, pool, "wrong").status_code == 403
    assert keys(engine, "us-east-1_none").status_code == 404


def test_a_template_makes_changes_and_deletes_a_pool(engine: Engine, cognito: Any, tmp_path: Path) -> None:
    settings = replace(engine.settings, template=tmp_path / "template.json", stack="of-cognito")
    changed = json.loads(json.dumps(TEMPLATE))
    changed["Resources"]["Client"]["Properties"]["ClientName"] = "changed"
    changed["Resources"]["Group"]["Properties"]["Precedence"] = 2

    outputs = []
    for template in (TEMPLATE, changed):
        settings.template.write_text(json.dumps(template))
        outputs.append(Harness(settings).deploy().outputs)
    pool, client = outputs[0]["Pool"], outputs[0]["Client"]
    described = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    client_name = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]["ClientName"]
    group = cognito.get_group(UserPoolId=pool, GroupName="admins")["Group"]
    server = cognito.describe_resource_server(UserPoolId=pool, Identifier="users")["ResourceServer"]
    user = cognito.admin_get_user(UserPoolId=pool, Username="grace")["Username"]
    cloudformation = engine.client("cloudformation")
    cloudformation.delete_stack(StackName="of-cognito")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="of-cognito", WaiterConfig={"Delay": 1})

    assert outputs[0] == outputs[1]
    assert outputs[0]["Arn"] == f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool}"
    assert (described["Name"], described["AutoVerifiedAttributes"]) == ("of-a-template", ["email"])
    assert (client_name, group["Precedence"], server["Scopes"][0]["ScopeName"], user) == ("changed", 2, "read", "grace")
    assert pool not in {one["Id"] for one in cognito.list_user_pools(MaxResults=60)["UserPools"]}
