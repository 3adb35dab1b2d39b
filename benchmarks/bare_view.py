"""The least that a Flask application can do with a POST; what the API is compared with."""

from __future__ import annotations

from flask import Flask, Response, jsonify

app = Flask(__name__)


@app.post("/events")
def create() -> tuple[Response, int]:
    return jsonify(id="00000000-0000-7000-8000-000000000000", status="active"), 201


@app.get("/health")
def health() -> Response:
    return jsonify(status="ok")
