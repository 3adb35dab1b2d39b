# One image for every part, with the package as `make package` builds it: by default it serves the
# API; `python worker.py deliver`, `upkeep` and `scheduler` are the other parts, `python worker.py`
# all three of them.

# pip's settings, as for an index of your own, come as a secret: --secret id=pip.conf,src=pip.conf

# Any image with Python 3.11 or later, its venv module and the certificates of authorities.
ARG BASE=python:3.12-slim
ARG EXTRA=build

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN ["python3", "-m", "venv", "/opt/qhronos"]
WORKDIR /build
COPY requirements.lock .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    ["/opt/qhronos/bin/pip", "install", "--no-compile", "--require-hashes", "-r", "requirements.lock"]

# With --build-arg EXTRA=traces the image can send traces: see docs/traces.md.
FROM build AS traces
COPY requirements-traces.lock .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    ["/opt/qhronos/bin/pip", "install", "--no-compile", "--require-hashes", "-r", "requirements-traces.lock"]

# The guide is files: what builds it stays behind in this stage.
FROM build AS guide
COPY requirements-docs.lock .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    ["/opt/qhronos/bin/pip", "install", "--require-hashes", "-r", "requirements-docs.lock"]
COPY CHANGELOG.md CONTRIBUTING.md SECURITY.md ./
COPY app app
COPY docs docs
RUN ["/opt/qhronos/bin/python", "-m", "sphinx", "--quiet", "--fail-on-warning", "--builder", "html", \
     "--doctree-dir", "/tmp/doctrees", "docs", "docs/_build/html"]

FROM guide AS wheel
COPY requirements-build.lock .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    ["/opt/qhronos/bin/pip", "install", "--require-hashes", "-r", "requirements-build.lock"]
COPY pyproject.toml README.md LICENSE requirements.txt requirements-client.txt requirements-mcp.txt ./
COPY requirements-traces.txt ./
COPY wsgi.py worker.py gunicorn.conf.py ./
COPY qhronos qhronos
RUN ["/opt/qhronos/bin/pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "/wheel", "."]

FROM ${EXTRA} AS installed
COPY --from=wheel /wheel /wheel
RUN ["/opt/qhronos/bin/pip", "install", "--no-compile", "--no-index", "--no-deps", \
     "--find-links", "/wheel", "qhronos"]
# The server's files under a path that does not change with Python's version.
RUN ["/opt/qhronos/bin/python", "-c", \
     "import os, qhronos.installation as i; os.symlink(i.server_directory(), '/opt/qhronos/server')"]
# What runs installs nothing, and nobody tests, compiles, translates or debugs in it. zstandard has
# all its code twice; what is for PyPy alone goes.
RUN /opt/qhronos/bin/pip uninstall --yes --quiet pip setuptools \
    && find /opt/qhronos/lib -depth \( -type d -name tests -o -name '*.po' -o -name '*.c' \
        -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \
        -o -path '*/zstandard/*_cffi.*' \) -exec rm -rf {} +
WORKDIR /opt/qhronos/server
COPY deploy/image/symbols.py deploy/image/bytecode.py /build/
RUN ["/opt/qhronos/bin/python", "/build/symbols.py", "/opt/qhronos/lib"]
RUN ["/opt/qhronos/bin/python", "/build/bytecode.py"]

FROM ${BASE}
# The base's own installer has to go, too.
RUN rm -rf /usr/share/python-wheels /usr/local/bin/pip* \
        /usr/lib/python3*/ensurepip /usr/local/lib/python3*/ensurepip \
        /usr/local/lib/python3*/site-packages/* \
    && useradd --no-create-home --uid 10001 qhronos
COPY --from=installed /opt/qhronos /opt/qhronos
WORKDIR /opt/qhronos/server

# In a container the way in is decided by what is published, so it listens everywhere.
ENV PATH=/opt/qhronos/bin:$PATH \
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
