# One image for every part: by default it serves the API; `python worker.py deliver`, `upkeep`
# and `scheduler` are the other parts, `python worker.py` all three of them.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN ["python", "-m", "venv", "/venv"]
WORKDIR /build
COPY requirements.lock .
RUN ["/venv/bin/pip", "install", "--require-hashes", "-r", "requirements.lock"]

# The guide is files: what builds it stays behind in this stage.
FROM build AS guide
COPY requirements-docs.lock .
RUN ["/venv/bin/pip", "install", "--require-hashes", "-r", "requirements-docs.lock"]
COPY CHANGELOG.md CONTRIBUTING.md SECURITY.md ./
COPY app app
COPY docs docs
RUN ["/venv/bin/python", "-m", "sphinx", "--quiet", "--fail-on-warning", "--builder", "html", \
     "--doctree-dir", "/tmp/doctrees", "docs", "docs/_build/html"]

FROM python:3.12-slim
RUN ["useradd", "--no-create-home", "--uid", "10001", "qhronos"]
COPY --from=build /venv /venv
WORKDIR /srv
COPY wsgi.py worker.py gunicorn.conf.py ./
COPY app app
COPY --from=guide /build/docs/_build/html docs/_build/html
# Compiled here, since the user may not write here.
RUN ["/venv/bin/python", "-m", "compileall", "-q", "app"]

# In a container the way in is decided by what is published, so it listens everywhere.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TZ=UTC \
    QHRONOS_HOST=0.0.0.0 \
    QHRONOS_LOG_FORMAT=json
USER 10001
EXPOSE 8080

# For the API; the other parts have no port and switch it off (see compose.yaml).
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('QHRONOS_PORT', '8080') + '/health', timeout=4)"]

# Longer than QHRONOS_STOP_GRACE should be what the host waits before it kills.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "wsgi:app"]
