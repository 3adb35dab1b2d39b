"""Wiring of what keeps secrets and accounts: encryption at rest, tokens, the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.clock import Clock
from app.config import Settings
from app.crypto.ack_tokens import AckTokens
from app.crypto.encryption import Encryptor, derived_key, key_from_setting
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.reencryption import Reencrypted, reencrypt
from app.crypto.signing_secrets import SigningSecrets
from app.services.audit import AuditService
from app.services.cursors import Cursors
from app.services.tokens import TokenService
from app.store.audit import AuditLog
from app.store.connection import StoreClient
from app.store.encrypted_secrets import EncryptedSecrets
from app.store.indexes import IndexReader
from app.store.scripts import Scripts
from app.store.tokens import TokenStore


@dataclass(frozen=True)
class Safekeeping:
    """Nothing connects before it is used."""

    settings: Settings
    client: StoreClient
    scripts: Scripts
    cursors: Cursors
    clock: Clock

    @cached_property
    def sealer(self) -> Encryptor:
        """Encrypts what must not be stored in clear."""
        return Encryptor(encryption_keys(self.settings))

    @cached_property
    def signing(self) -> SigningSecrets:
        """Signing secrets, sealed and open."""
        return SigningSecrets(self.sealer, self.settings.signing_secret)

    @cached_property
    def headers(self) -> HeaderSecrets:
        """Headers of events, sealed and open."""
        return HeaderSecrets(self.sealer)

    @cached_property
    def ack_tokens(self) -> AckTokens:
        """What acknowledges deliveries."""
        previous = self.settings.jwt_secret_previous
        return AckTokens([self.settings.jwt_secret, *([previous] if previous else [])])

    @cached_property
    def tokens(self) -> TokenService:
        """Use cases around JWTs."""
        lists = IndexReader(self.client, partitions=1)
        return TokenService(TokenStore(self.client), lists, self.cursors, self.clock)

    @cached_property
    def audit(self) -> AuditService:
        """Who changed what."""
        log = AuditLog(self.client, self.scripts)
        return AuditService(log, self.cursors, self.clock, self.settings.retention_audit_ms)

    @cached_property
    def sealed(self) -> EncryptedSecrets:
        """What is stored of secrets."""
        lists = IndexReader(self.client, self.settings.partitions)
        return EncryptedSecrets(self.client, self.scripts, lists)

    def agree_on_keys(self) -> None:
        """Raise ``ConfigError`` if secrets may be stored that no key of this process opens."""
        self.sealed.agree(self.sealer.current, self.sealer.known)

    def reencrypt(self) -> Reencrypted:
        """Seal every stored secret with the current key."""
        return reencrypt(self.sealed, self.sealer)


def encryption_keys(settings: Settings) -> list[bytes]:
    """The keys for secrets at rest, the current one first.

    Without one of its own it follows from the JWT secret, so that nothing is ever stored in
    clear; who changes the JWT secret then names the one before, as for tokens.
    """
    given = [key for key in (settings.encryption_key, settings.encryption_key_previous) if key]
    secrets = [key for key in (settings.jwt_secret, settings.jwt_secret_previous) if key]
    derived = [derived_key(secret, "secrets at rest") for secret in secrets]
    return [*map(key_from_setting, given), *derived]
