-- Accounts that connect by other ways than a key, and stay connected.

ALTER TABLE auth_configs ADD COLUMN managed BIGINT NOT NULL DEFAULT 1;

ALTER TABLE auth_configs ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

ALTER TABLE auth_configs ADD COLUMN sealed TEXT NOT NULL DEFAULT '';

ALTER TABLE auth_configs ADD COLUMN tools TEXT NOT NULL DEFAULT '[]';

ALTER TABLE accounts ADD COLUMN mode TEXT NOT NULL DEFAULT '';

ALTER TABLE accounts ADD COLUMN effects TEXT NOT NULL DEFAULT '["read","create","update","destroy"]';

ALTER TABLE accounts ADD COLUMN expires_at BIGINT;

ALTER TABLE accounts ADD COLUMN refreshed_at BIGINT;

ALTER TABLE accounts ADD COLUMN lease TEXT NOT NULL DEFAULT '';

ALTER TABLE accounts ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;

UPDATE accounts SET mode = (SELECT mode FROM auth_configs WHERE auth_configs.id = accounts.auth_config_id);

CREATE INDEX accounts_of_auth_config ON accounts (project_id, auth_config_id);

CREATE INDEX accounts_idle ON accounts (project_id, id) WHERE mode = 'OAUTH2' AND status = 'ACTIVE';

CREATE INDEX links_of_account ON links (project_id, account_id);

CREATE TABLE authorizations (
    digest TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    link_digest TEXT NOT NULL REFERENCES links (digest),
    browser_digest TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (project_id, account_id) REFERENCES accounts (project_id, id)
);

CREATE INDEX authorizations_of_account ON authorizations (project_id, account_id);
