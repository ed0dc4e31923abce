-- How the last attempt to connect went is asked with every discovery, however many there were.

CREATE INDEX accounts_latest ON accounts (project_id, user_id, toolkit, created_at, id);
