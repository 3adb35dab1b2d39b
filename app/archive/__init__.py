"""The archive: files that keep what retention deletes."""
