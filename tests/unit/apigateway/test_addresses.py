"""Which API a request is for.

Sources: API Gateway Developer Guide, "Invoke REST APIs in API Gateway" and "Use API mappings to connect API stages to a
custom domain name".
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.addresses import Address, Domains, api_address, host_name, split_target

DOMAINS = Domains(
    [
        {
            "domainNames": [
                {
                    "domainName": "api.example.com",
                    "basePathMappings": [
                        {"basePath": "(none)", "restApiId": "root1", "stage": "Prod"},
                        {"basePath": "v1", "restApiId": "one1", "stage": "Prod"},
                        {"basePath": "v1/beta", "restApiId": "beta1", "stage": "test"},
                        {"basePath": "any", "restApiId": "any1", "stage": ""},
                    ],
                },
                {"domainName": "empty.example.com", "basePathMappings": []},
            ]
        }
    ]
)


@pytest.mark.parametrize(
    ("host", "target", "address"),
    [
        (b"a1b2.execute-api.localhost:4566", b"/Prod/users?x=1", ("a1b2", "Prod", "/users", "/Prod/users", "x=1")),
        (b"A1B2.Execute-API.localhost.localstack.cloud", b"/Prod", ("a1b2", "Prod", "/", "/Prod", "")),
        (b"a1b2.execute-api.us-east-1.amazonaws.com", b"/", ("a1b2", "", "/", "/", "")),
        (
            b"localhost:4566",
            b"/_aws/execute-api/a1b2/Prod/users/5?y",
            ("a1b2", "Prod", "/users/5", "/Prod/users/5", "y"),
        ),
        (b"localhost", b"/_aws/execute-api/a1b2/Prod", ("a1b2", "Prod", "/", "/Prod/", "")),
        (b"localhost", b"/_aws/execute-api/a1b2", ("a1b2", "", "/", "//", "")),
        (b"localhost", b"/restapis/a1b2/Prod/_user_request_/users?z=", ("a1b2", "Prod", "/users", "/Prod/users", "z=")),
        (b"localhost", b"/restapis/a1b2/Prod/_user_request_", ("a1b2", "Prod", "/", "/Prod/", "")),
    ],
)
def test_an_api_is_found_by_host_or_path(host: bytes, target: bytes, address: tuple[str, str, str, str, str]) -> None:
    assert api_address(host, target) == Address(*address)


@pytest.mark.parametrize(
    ("host", "target"),
    [
        (b"localhost:4566", b"/"),
        (b"bucket.s3.localhost:4566", b"/key"),
        # the control plane's own paths
        (b"localhost:4566", b"/restapis/a1b2/resources"),
        (b"localhost:4566", b"/restapis/a1b2/Prod/_user_request_like"),
        (b"execute-api.localhost", b"/x"),
        (b"", b"/_aws/execute"),
    ],
)
def test_what_names_no_api_is_for_another_service(host: bytes, target: bytes) -> None:
    assert api_address(host, target) is None


@pytest.mark.parametrize(
    ("path", "api_id", "stage", "below", "base_path"),
    [
        ("/users/5", "root1", "Prod", "/users/5", ""),
        ("/v1/users", "one1", "Prod", "/users", "v1"),
        ("/v1", "one1", "Prod", "/", "v1"),
        # the longest base path wins
        ("/v1/beta/users", "beta1", "test", "/users", "v1/beta"),
        ("/v10/users", "root1", "Prod", "/v10/users", ""),
        # a mapping without a stage: the path names it
        ("/any/dev/users", "any1", "dev", "/users", "any"),
        ("/any", "any1", "", "/", "any"),
    ],
)
def test_a_custom_domain_maps_its_base_paths(path: str, api_id: str, stage: str, below: str, base_path: str) -> None:
    address = DOMAINS.resolve("API.example.com", path, "q=1")

    assert address == Address(api_id, stage, below, path, "q=1", base_path=base_path)


@pytest.mark.parametrize("host", ["other.example.com", "empty.example.com"])
def test_a_host_that_is_no_custom_domain_maps_nothing(host: str) -> None:
    assert DOMAINS.resolve(host, "/users", "") is None
    assert (
        Domains(
            [{"domainNames": [{"domainName": "d", "basePathMappings": [{"basePath": "x", "restApiId": "a"}]}]}]
        ).resolve("d", "/users", "")
        is None
    )


def test_without_custom_domains_there_is_nothing_to_resolve() -> None:
    assert not Domains()
    assert DOMAINS


@pytest.mark.parametrize(
    ("target", "split"),
    [
        (b"/a?b?c", ("/a", "b?c")),
        (b"http://h:1/a?b", ("/a", "b")),
        (b"http://h", ("/", "")),
        (b"", ("/", "")),
        (b"*", ("*", "")),
        (b"/a://b", ("/a://b", "")),
    ],
)
def test_a_target_is_split_in_both_its_forms(target: bytes, split: tuple[str, str]) -> None:
    assert split_target(target) == split


@pytest.mark.parametrize(("host", "name"), [(b"a:1", "a"), (b"a", "a"), (b"[::1]:80", "[::1]"), (b"[::1]", "[::1]")])
def test_a_host_name_is_without_its_port(host: bytes, name: str) -> None:
    assert host_name(host) == name


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_break_it(host: bytes, target: bytes) -> None:
    address = api_address(host, target)

    assert address is None or address.path.startswith("/")
