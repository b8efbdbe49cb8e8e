"""The API described: operations, the OpenAPI document and the page made of it."""
