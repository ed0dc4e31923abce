-- The first shelves.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE generation (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    value BIGINT NOT NULL
);

INSERT INTO generation (one, value) VALUES (1, 1);

CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    digest TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE auth_configs (
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

CREATE TABLE accounts (
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

CREATE INDEX accounts_of_user ON accounts (project_id, user_id, toolkit, status);

CREATE TABLE links (
    digest TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (project_id, account_id) REFERENCES accounts (project_id, id)
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    user_id TEXT NOT NULL,
    config TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE log (
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

CREATE INDEX log_of_project ON log (project_id, at);

CREATE INDEX log_of_session ON log (session_id, at);

CREATE INDEX log_sent ON log (owner) WHERE state = 'sent';

CREATE INDEX log_unknown ON log (project_id, at) WHERE state = 'unknown';
