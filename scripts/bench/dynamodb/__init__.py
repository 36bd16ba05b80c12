"""DynamoDB by itself: raw HTTP, without functions or a gateway in between."""
