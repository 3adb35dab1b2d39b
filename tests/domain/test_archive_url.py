"""A directory or a URL; what would lose all that it is given is refused."""

from __future__ import annotations

import pytest

from app.domain.archive_url import check_archive_url
from app.errors import InvalidInput


@pytest.mark.parametrize(
    "text", ["archive", "/srv/a:b", "./c:d", "file:///srv", "s3://bucket/path", "gs://b", "a b"]
)
def test_a_directory_or_a_url_is_taken(text: str) -> None:
    check_archive_url(text)


@pytest.mark.parametrize(
    "text", ["s3:bucket", "s3://", "://bucket", "memory://lost", "S3://bucket"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="must be a directory, or a URL"):
        check_archive_url(text)
