"""HTTP out: building the request, sending it, guarding the target. The only room with curl."""
