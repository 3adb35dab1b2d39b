"""The files in ``deploy/``: what the suite looks at, and what ``make deployments`` runs."""
