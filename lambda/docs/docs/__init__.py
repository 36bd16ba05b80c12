"""The API's own documentation: an OpenAPI document, and a page made of it."""
