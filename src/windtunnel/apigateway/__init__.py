"""The data plane of API Gateway's REST APIs: what AWS does with a request between its socket and the integration."""
