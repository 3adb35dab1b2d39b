"""The OpenAPI document: what the schemas and routes say, put so that clients can be made of it."""
