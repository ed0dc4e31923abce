-- name: add_session(id, project_id, user_id, config, version, created_at, updated_at)!
-- Put a new session on its shelf.
INSERT INTO sessions (id, project_id, user_id, config, version, created_at, updated_at)
VALUES (:id, :project_id, :user_id, :config, :version, :created_at, :updated_at);

-- name: session(project_id, id)^
-- The session of this id, within the project.
SELECT * FROM sessions WHERE project_id = :project_id AND id = :id;

-- name: save_session(id, project_id, config, updated_at, expected_version)!
-- Change a session, provided that it still has the version that was read; the user stays whoever it was made for.
UPDATE sessions SET config = :config, version = version + 1, updated_at = :updated_at
WHERE id = :id AND project_id = :project_id AND version = :expected_version;

-- name: remove_session(project_id, id)!
-- Take a session off its shelf; the log keeps what it did.
DELETE FROM sessions WHERE project_id = :project_id AND id = :id;
