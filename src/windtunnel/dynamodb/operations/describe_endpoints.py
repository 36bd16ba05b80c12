"""DescribeEndpoints: where a client with endpoint discovery goes on, which is where it came to."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call


def describe_endpoints(call: Call) -> Answer:
    return {"Endpoints": [{"Address": call.host, "CachePeriodInMinutes": 1440}]}
