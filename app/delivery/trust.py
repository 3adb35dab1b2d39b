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

    ``SSL_CERT_FILE`` comes first, as everywhere with OpenSSL: it is how to add an authority of
    one's own. pycurl's wheel has one path built in, which most systems don't have.
    """
    chosen = ssl.get_default_verify_paths().cafile
    found = (path for path in (chosen, *_BUNDLES) if path and Path(path).is_file())
    return next(found, None) or certifi.where()
