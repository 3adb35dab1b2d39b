"""The fields of ``qh:meta``, in a table as those of ``fields``."""

from __future__ import annotations

from enum import unique

from app.store.hash_field import HashField

# A table, laid out as such.
# fmt: off

@unique
class MetaField(HashField):
    """``qh:meta``; beside these, ``seal:<name>`` for each key that secrets are sealed with."""

    PARTITIONS = ("partitions", "number", "how many partitions there are; it never falls",
        "coordination grow_partitions restores", "grow_partitions growth restores")
    NAMED = ("named", "number", "there were others: by how many names have theirs",
        "grow_partitions restores", "growth restores")
    FOLDED = ("folded", "number", "restored into fewer: how many partitions ids name",
        "restores", "grow_partitions growth restores")
    GROWING = ("growing", "number", "how many there are going to be; absent: no more",
        "grow_partitions", "grow_partitions growth")
    RAISED = ("raised", "numbers", "how many there were before each raise, the first one first",
        "grow_partitions", "grow_partitions growth")
    MOVING = ("moving", "text", "events are moved: into how many partitions, since when (ms)",
        "growth grow_partitions restores", "growth")
    RESTORED = ("restored", "hex", "changes when a backup is restored; absent: none was",
        "restores", "processes")
    RESTORING = ("restoring", "ms", "until when a restore that is under way holds the store",
        "restores", "restores")
    INSTANCE = ("instance", "hex", "the store's own name; set once", "coordination", "coordination")
    SET_ASIDE = ("aside", "number", "how many events were set aside in all", "figures", "figures")
    SCHEMA = ("schema", "number", "the last migration that it has seen; absent: none",
        "hold_migrations restores schema", "names restores schema term_index watch growth")
    MIGRATION = ("migration", "text", "where the next one goes on; see ``migrations.schema``",
        "hold_migrations", "schema")
    MIGRATED = ("migrated", "ms", "when the one that is under way has last made a step",
        "hold_migrations", "watch")
    INDEXED = ("indexed", "JSON", "by which metadata events are found", "term_index", "term_index")
    INDEXING = ("indexing", "JSON", "where listing by it goes on", "term_index", "term_index")
    MIGRATOR = ("migrator", "hex", "the process that runs migrations",
        "hold_migrations", "hold_migrations")
    MIGRATOR_UNTIL = ("migrator-until", "ms", "until when it holds the lease on that",
        "hold_migrations", "hold_migrations")
# fmt: on
