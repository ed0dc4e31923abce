import re
import sqlite3
from pathlib import Path

import toolway.store
from toolway.store.migrate import known_migrations
from toolway.store.shelves import Store

STORE = Path(toolway.store.__file__).parent
PORTABLE = sorted((STORE / "queries").glob("*.sql"))
ENGINES = [STORE / "sqlite.sql", STORE / "postgres.sql"]
FILES = [*PORTABLE, *ENGINES]


def blocks(file: Path) -> list[tuple[str, str]]:
    parts = re.split(r"(?m)^-- name: (\w+)", file.read_text(encoding="utf-8"))
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_each_query_has_a_name_of_its_own_and_a_sentence() -> None:
    for engine in ENGINES:
        names = [name for file in (*PORTABLE, engine) for name, _ in blocks(file)]
        assert len(names) == len(set(names)) > 30
    for file in FILES:
        for name, text in blocks(file):
            comments = [line for line in text.splitlines() if line.startswith("--")]
            assert len(comments) == 1 and re.match(r"-- [A-Z].*\.$", comments[0]), f"{file.name} {name}"


def test_each_query_is_asked_and_each_that_is_asked_exists() -> None:
    names = {name for file in FILES for name, _ in blocks(file)}
    code = "\n".join(file.read_text(encoding="utf-8") for file in STORE.glob("*.py"))
    assert {name for name in names if f'"{name}"' not in code and f"().{name}(" not in code} == set()


def test_what_is_kept_for_a_project_is_asked_for_within_it() -> None:
    by_secret = {"key_by_digest", "link", "use_link"}
    of_processes = {"owners_of_sent", "give_up_sent"}
    for file in PORTABLE:
        if file.name == "sealed.sql":  # the keys of the vault are nobody's
            continue
        for name, text in blocks(file):
            sql = " ".join(line for line in text.splitlines() if not line.startswith("--"))
            if re.search(r"\b(keys|auth_configs|accounts|links|sessions|log)\b", sql) and name not in by_secret | of_processes:
                assert "project_id" in sql.partition("WHERE")[2] or sql.split("\n")[0].find("INSERT") >= 0, f"{file.name} {name}"


def test_the_portable_files_and_migrations_hold_nothing_of_one_engine() -> None:
    engine = re.compile(r"(?i)PRAGMA|AUTOINCREMENT|sqlite|rowid|INSERT OR|\bBLOB\b|datetime\(|jsonb|serial|now\(\)|\bINTEGER\b|ifnull")
    for file in [*PORTABLE, *(STORE / "migrations").glob("*.sql")]:
        sql = "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))
        assert not engine.search(sql), file.name


def test_migrations_are_numbered_without_gaps() -> None:
    assert [name[:4] for name in known_migrations()] == [f"{number:04}" for number in range(1, len(known_migrations()) + 1)]


async def test_what_is_looked_up_often_is_found_by_an_index(tmp_path: Path) -> None:
    async with await Store.open(str(tmp_path / "t.db")):
        pass
    found = {name: text for file in FILES for name, text in blocks(file)}
    connection = sqlite3.connect(tmp_path / "t.db")
    often = (
        "key_by_digest",
        "link",
        "session",
        "active_accounts",
        "accounts_page_of_user",
        "auth_config",
        "recent_entries",
        "recent_session_entries",
    )
    for name in (*often, "owners_of_sent", "give_up_sent", "unknown_entries"):
        sql = "\n".join(line for line in found[name].splitlines()[1:] if not line.startswith("--"))
        values = dict.fromkeys(re.findall(r":(\w+)", sql), "")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert any("USING" in step and "INDEX" in step for step in plan), (name, plan)
        assert not any(re.match(r"SCAN \w+$", step) for step in plan), (name, plan)
    connection.close()
