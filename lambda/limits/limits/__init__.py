"""Rate limiting: a token bucket for each API key, in DynamoDB, beside API Gateway's own usage plans."""
