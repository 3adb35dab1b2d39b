"""Which certificate authorities are trusted: the system's, else certifi's."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, FreeBSD
)


def trusted_certificates() -> str:
    """Return the path of a PEM bundle.

    ``SSL_CERT_FILE`` comes first, as in all programs with OpenSSL: it is the way to add an
    authority. The one path that pycurl's wheel has built in does not exist on most systems.
    """
    chosen = ssl.get_default_verify_paths().cafile
    found = (path for path in (chosen, *_BUNDLES) if path and Path(path).is_file())
    return next(found, None) or certifi.where()
