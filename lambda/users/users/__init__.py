"""The users service: handlers -> logic -> table."""
