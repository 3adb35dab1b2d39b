"""Secrets: encrypted at rest, opened where a delivery is built, and what signs for itself."""
