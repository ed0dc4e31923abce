-- The first shelves.
-- depends:
-- IF NOT EXISTS throughout: yoyo marks a migration in a transaction of its own, so one that was cut off in between comes again.

CREATE TABLE IF NOT EXISTS meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS generation (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    value BIGINT NOT NULL
);

INSERT INTO generation (one, value) VALUES (1, 1) ON CONFLICT (one) DO NOTHING;

CREATE TABLE IF NOT EXISTS projects (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS keys (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    digest TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE IF NOT EXISTS auth_configs (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    toolkit TEXT NOT NULL,
    mode TEXT NOT NULL,
    name TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, id)
);

CREATE TABLE IF NOT EXISTS accounts (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    user_id TEXT NOT NULL,
    toolkit TEXT NOT NULL,
    auth_config_id TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    label TEXT NOT NULL,
    alias TEXT NOT NULL,
    settings TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, auth_config_id) REFERENCES auth_configs (project_id, id)
);

CREATE INDEX IF NOT EXISTS accounts_of_user ON accounts (project_id, user_id, toolkit, status);

CREATE TABLE IF NOT EXISTS links (
    digest TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (project_id, account_id) REFERENCES accounts (project_id, id)
);

CREATE TABLE IF NOT EXISTS sessions (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    user_id TEXT NOT NULL,
    config TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS log (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    toolkit TEXT NOT NULL,
    tool TEXT NOT NULL,
    account_id TEXT NOT NULL,
    effect TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL,
    status BIGINT NOT NULL,
    ms BIGINT NOT NULL,
    at BIGINT NOT NULL,
    owner TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS log_of_project ON log (project_id, at);

CREATE INDEX IF NOT EXISTS log_of_session ON log (session_id, at);

CREATE INDEX IF NOT EXISTS log_sent ON log (owner) WHERE state = 'sent';

CREATE INDEX IF NOT EXISTS log_unknown ON log (project_id, at) WHERE state = 'unknown';
