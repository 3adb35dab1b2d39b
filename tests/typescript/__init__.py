"""The client for TypeScript, and the Express receiver that uses it: ``make typescript``."""
