-- name: add_account(id, project_id, user_id, toolkit, auth_config_id, status, status_reason, label, alias, settings, sealed, created_at, updated_at)!
-- Put a new connected account on its shelf.
INSERT INTO accounts
    (id, project_id, user_id, toolkit, auth_config_id, status, status_reason, label, alias, settings, sealed, created_at, updated_at)
VALUES
    (:id, :project_id, :user_id, :toolkit, :auth_config_id, :status, :status_reason, :label, :alias, :settings, :sealed, :created_at, :updated_at);

-- name: account(project_id, id)^
-- The connected account of this id, within the project.
SELECT * FROM accounts WHERE project_id = :project_id AND id = :id;

-- name: accounts(project_id, user_id, toolkit, status)
-- The connected accounts of a project, narrowed by user, toolkit and status where given, newest first.
SELECT * FROM accounts
WHERE project_id = :project_id
    AND (CAST(:user_id AS TEXT) IS NULL OR user_id = :user_id)
    AND (CAST(:toolkit AS TEXT) IS NULL OR toolkit = :toolkit)
    AND (CAST(:status AS TEXT) IS NULL OR status = :status)
ORDER BY created_at DESC, id DESC;

-- name: active_accounts(project_id, user_id, toolkit)
-- The accounts that a user can call a toolkit with, newest first.
SELECT * FROM accounts
WHERE project_id = :project_id AND user_id = :user_id AND toolkit = :toolkit AND status = 'ACTIVE'
ORDER BY created_at DESC, id DESC;

-- name: latest_account(project_id, user_id, toolkit)^
-- The account of a user for a toolkit that was begun last, whatever became of it.
SELECT * FROM accounts
WHERE project_id = :project_id AND user_id = :user_id AND toolkit = :toolkit
ORDER BY created_at DESC, id DESC
LIMIT 1;

-- name: supersede_accounts(project_id, user_id, toolkit, at, too_old)!
-- End the attempts of a user to connect a toolkit: a new one takes their place.
UPDATE accounts
SET status = 'EXPIRED', status_reason = CASE WHEN created_at <= :too_old THEN 'INITIATION_TIMEOUT' ELSE 'SUPERSEDED' END,
    updated_at = CASE WHEN updated_at < :at THEN :at ELSE updated_at + 1 END
WHERE project_id = :project_id AND user_id = :user_id AND toolkit = :toolkit AND status = 'INITIATED';

-- name: move_account(id, project_id, from_status, from_updated_at, status, status_reason, label, alias, settings, sealed, updated_at)!
-- Change an account, provided that nobody changed it since it was read.
UPDATE accounts
SET status = :status, status_reason = :status_reason, label = :label, alias = :alias, settings = :settings, sealed = :sealed,
    updated_at = :updated_at
WHERE id = :id AND project_id = :project_id AND status = :from_status AND updated_at = :from_updated_at;
