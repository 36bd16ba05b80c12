"""The DynamoDBManager service: handlers -> logic -> tables."""
