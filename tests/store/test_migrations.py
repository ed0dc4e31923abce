"""A database that an older version made."""

from pathlib import Path

from tests.databases import is_postgres, outside
from toolway.store.engine import HERE
from toolway.store.migrate import known_migrations
from toolway.store.records import EFFECTS
from toolway.store.shelves import Store


async def test_accounts_of_an_older_version_know_how_they_sign_and_allow_what_they_did(url: str) -> None:
    """The tables as they were before there were schemes, with a row in each, brought up to date."""
    old = known_migrations()[:3]
    if not is_postgres(url):
        Path(url.removeprefix("sqlite:///")).touch()
    for migration in old:
        for statement in (HERE / "migrations" / f"{migration}.sql").read_text("utf-8").split(";\n"):
            if statement.strip() and not all(line.startswith("--") for line in statement.strip().splitlines()):
                await outside(url, statement)
    await outside(url, f"INSERT INTO meta (name, value) VALUES ('schema', '{' '.join(old)}')")
    await outside(url, "INSERT INTO projects VALUES ('pr_1', 'one', 1)")
    await outside(url, "INSERT INTO auth_configs VALUES ('ac_1', 'pr_1', 'acme', 'BEARER_TOKEN', 'n', 1, 1, 1)")
    await outside(
        url,
        "INSERT INTO accounts VALUES ('ca_1', 'pr_1', 'alice', 'acme', 'ac_1', 'ACTIVE', '', 'me', '', '{\"region\":\"EU\"}', 's', 1, 1)",
    )
    async with await Store.open(url) as store:
        config = await store.auth_configs.get("pr_1", "ac_1")
        account = await store.accounts.get("pr_1", "ca_1")
        assert config and account
        assert (config.managed, config.settings, config.sealed, config.tools) == (True, {}, "", ())
        assert (account.mode, account.effects, account.expires_at, account.lease) == ("BEARER_TOKEN", EFFECTS, None, "")
        assert (await store.accounts.move(account, "change", alias="work")).alias == "work"
