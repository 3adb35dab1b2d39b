"""How the API is served: one event loop for connections, threads for Flask, under gunicorn."""
