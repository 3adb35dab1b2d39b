"""Server programs that speak TLS, where this host has one: that of the wheel does not."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.certificates import Authority

NONE = "no valkey-server or redis-server on the PATH speaks TLS"
"""Why a test that needs one is skipped."""


@dataclass(frozen=True)
class ServerWithTls:
    """A program, the certificate of 127.0.0.1 with its key, and who has signed that."""

    program: Path
    pair: Path
    trusted: Path

    def options(self, port: int) -> list[str]:
        """What has it speak TLS on a port to clients, and to other nodes."""
        return [
            *("--tls-port", str(port), "--tls-cluster", "yes", "--tls-replication", "yes"),
            *("--tls-cert-file", str(self.pair), "--tls-key-file", str(self.pair)),
            *("--tls-ca-cert-file", str(self.trusted), "--tls-auth-clients", "no"),
        ]


def server_with_tls(authority: Authority) -> ServerWithTls | None:
    """One with a certificate of this authority; ``None``: there is no such program."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _speaks_tls(found):
            return ServerWithTls(Path(found), authority.pair("127.0.0.1"), authority.bundle)
    return None


@cache
def _speaks_tls(program: str) -> bool:
    """Whether it looks for the certificate that it is given, which is not there, and ends."""
    nowhere = ServerWithTls(Path(program), Path("/nonexistent"), Path("/nonexistent"))
    ended = subprocess.run(
        [program, "--port", "0", *nowhere.options(1)],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return "Failed to configure TLS" in ended.stdout
