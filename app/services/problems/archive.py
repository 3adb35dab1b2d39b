"""The archive takes no files, so what is too old stays in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.domain.times import to_rfc3339
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures
from app.store.archive_notes import ArchiveFailing


def archive(failing: Callable[[], ArchiveFailing | None]) -> Check:
    """The check of an archive of which this answers since when it fails."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        if found := failing():
            yield Problem(
                ProblemCode.ARCHIVE,
                f"The archive takes no files since {to_rfc3339(found.since_ms)} "
                f"({found.reason}), and nothing that should go to it is deleted: make room at "
                "QHRONOS_ARCHIVE_URL, or give the workers the right to write there.",
            )

    return check
