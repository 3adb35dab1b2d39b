"""Wiring of keys: what encrypts, signs and checks. It needs no store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.config import Settings
from app.crypto.ack_tokens import AckTokens
from app.crypto.console_sessions import ConsoleSessions
from app.crypto.encryption import Encryptor, derived_key, encryption_keys
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.lanes import Lanes, weights_of_lanes
from app.crypto.signing_secrets import SigningSecrets
from app.domain.access import MASTER
from app.domain.weights import LaneWeights
from app.services.cursors import Cursors


@dataclass(frozen=True)
class Crypto:
    """Everything that holds a key."""

    settings: Settings

    @cached_property
    def encryptor(self) -> Encryptor:
        """Encrypts what must not be stored in clear."""
        return Encryptor(encryption_keys(self.settings))

    @cached_property
    def signing_secrets(self) -> SigningSecrets:
        """Signing secrets of events, encrypted and in clear."""
        seed_key = derived_key(self.settings.jwt_secret, "new signing secrets")
        return SigningSecrets(self.encryptor, self.settings.signing_secret, seed_key)

    @cached_property
    def header_secrets(self) -> HeaderSecrets:
        """Secret headers of events, encrypted and in clear."""
        return HeaderSecrets(self.encryptor)

    @cached_property
    def ack_tokens(self) -> AckTokens:
        """Tokens with which receivers acknowledge deliveries."""
        previous = self.settings.jwt_secret_previous
        return AckTokens([self.settings.jwt_secret, *([previous] if previous else [])])

    @cached_property
    def console_sessions(self) -> ConsoleSessions:
        """Sessions of the console, in cookies."""
        previous = self.settings.jwt_secret_previous
        return ConsoleSessions([self.settings.jwt_secret, *([previous] if previous else [])])

    @cached_property
    def lanes(self) -> Lanes:
        """The lanes of tenants."""
        return Lanes(self.settings.jwt_secret)

    @cached_property
    def lane_weights(self) -> LaneWeights:
        """The weights of these lanes, and of those that tenants had with the key before."""
        settings = self.settings
        secrets = filter(None, (settings.jwt_secret, settings.jwt_secret_previous))
        return weights_of_lanes(settings.tenant_weights, secrets)

    @cached_property
    def unbounded_lanes(self) -> frozenset[int]:
        """The lane of the master token, whose events have no bound together."""
        return frozenset({self.lanes.of(MASTER.subject)})

    @cached_property
    def cursors(self) -> Cursors:
        """Positions in lists, signed."""
        return Cursors(self.settings.jwt_secret)
