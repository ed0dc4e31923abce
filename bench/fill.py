"""Run by the product's own Python: `fill.py DATA ACCOUNTS SESSIONS` puts rows like those that are there into the database, in bulk.

Each account is another user's and opens with the vault; each session is one of those users'. Prints the sessions' ids.
"""

import json
import sqlite3
import sys
from pathlib import Path

from toolway.accounts.keeper import row_of
from toolway.accounts.vault import Vault


def fill(data: Path, accounts: int, sessions: int) -> list[str]:
    """Copies of the first account and the first session."""
    vault = Vault.open(data, None)
    plain = json.dumps({"mode": "API_KEY", "api_key": "upstream-key"}).encode()
    database = sqlite3.connect(data / "toolway.db")
    database.row_factory = sqlite3.Row

    def put(table: str, count: int, kept: dict[str, object]) -> None:
        columns = ", ".join(kept)
        rows = (_copy(table, kept, n, vault, plain) for n in range(count))
        database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(kept))})", rows)

    with database:
        put("accounts", accounts, dict(database.execute("SELECT * FROM accounts WHERE status = 'ACTIVE' LIMIT 1").fetchone()))
        put("sessions", sessions, dict(database.execute("SELECT * FROM sessions LIMIT 1").fetchone()))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [f"trs_bulk{n:018d}" for n in range(sessions)]


def _copy(table: str, kept: dict[str, object], n: int, vault: Vault, plain: bytes) -> tuple[object, ...]:
    user = f"user{n:08d}"
    if table == "sessions":
        changed = {"id": f"trs_bulk{n:018d}", "user_id": user}
    else:
        own = f"ca_bulk{n:018d}"
        changed = {"id": own, "user_id": user, "sealed": vault.seal(plain, row_of(own))}
    return tuple((kept | changed).values())


if __name__ == "__main__":
    print(json.dumps(fill(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
