from __future__ import annotations

import pytest

from app.errors import Unauthenticated
from app.store.standing import Standing


def test_the_store_is_asked_until_it_has_said_that_the_token_is_good() -> None:
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 1:
            raise Unauthenticated("no")

    standing = Standing("jti", "sub", 0, check)
    with pytest.raises(Unauthenticated):
        standing.ask()
    standing.ask()
    standing.ask()
    assert len(asked) == 2
