"""Backups: taking them from the store, looking at them, restoring them into an empty store."""
