"""Lambda proxy integration: an API Gateway event in, a proxy response out, for every service's handlers."""
