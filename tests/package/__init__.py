"""Clients that are made of the OpenAPI document: ``make clients``."""
