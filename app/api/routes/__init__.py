"""What a URL leads to: one file for each resource."""
