"""DynamoDB's expressions: lexer, parsers, placeholders, and what they are compiled to."""
