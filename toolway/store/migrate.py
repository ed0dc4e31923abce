"""Brings a database's tables up to date. Imported only when they are not: the migration runner takes its time to load."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yoyo
from yoyo.backends.core.sqlite3 import SQLiteBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import default_migration_table

from toolway.errors import BadSetting


class _Backend(SQLiteBackend):
    """yoyo's SQLite, taking any file name, and telling nobody's user and host name (looking those up can ask the network, or fail)."""

    def connect(self, dburi: Any) -> Any:
        connection = self.driver.connect(dburi.database, detect_types=self.driver.PARSE_DECLTYPES)
        connection.isolation_level = None
        return connection

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": "",
            "hostname": "",
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def migrate(path: Path) -> None:
    """Apply to the SQLite file what it lacks. The caller makes sure that nobody else does so at the same time.

    Raises BadSetting when the file holds migrations that this version does not know.
    """
    runner: Any = yoyo
    migrations = runner.read_migrations("package:toolway.store:migrations")
    backend: Any = _Backend(DatabaseURI("sqlite", None, None, None, None, str(path), {}), default_migration_table)
    with backend:
        backend.init_database()
        backend.break_lock()  # left by a process that was killed; a living one is excluded by the caller
        with backend.lock():
            if set(backend.get_applied_migration_hashes()) - {migration.hash for migration in migrations}:
                raise newer(path)
            backend.apply_migrations(backend.to_apply(migrations))


def newer(path: Path) -> BadSetting:
    """The error for a database that knows more than this version does."""
    return BadSetting(f"The database {path} was made by a newer Toolway.", fix="Run that version, or give another database.")
