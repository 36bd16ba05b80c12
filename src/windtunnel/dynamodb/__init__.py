"""The DynamoDB data plane: its wire protocol, its rules and its store, in pure Python on SQLite."""
