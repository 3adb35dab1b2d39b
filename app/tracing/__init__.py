"""Traces: spans of requests and deliveries, sent to a collector by OpenTelemetry.

Only ``sdk`` imports that library, and nothing imports ``sdk`` while tracing is off.
"""
