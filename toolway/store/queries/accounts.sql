-- name: add_account(id, project_id, user_id, toolkit, auth_config_id, status, status_reason, label, alias, settings, sealed, created_at, updated_at, mode, effects, expires_at, refreshed_at, lease, leased_until)!
-- Put a new connected account on its shelf.
INSERT INTO accounts
    (id, project_id, user_id, toolkit, auth_config_id, status, status_reason, label, alias, settings, sealed, created_at, updated_at,
    mode, effects, expires_at, refreshed_at, lease, leased_until)
VALUES
    (:id, :project_id, :user_id, :toolkit, :auth_config_id, :status, :status_reason, :label, :alias, :settings, :sealed, :created_at,
    :updated_at, :mode, :effects, :expires_at, :refreshed_at, :lease, :leased_until);

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

-- name: waiting_accounts(project_id, user_id, toolkit)
-- The attempts of a user to connect a toolkit that still wait.
SELECT * FROM accounts
WHERE project_id = :project_id AND user_id = :user_id AND toolkit = :toolkit AND status = 'INITIATED';

-- name: move_account(id, project_id, from_status, from_updated_at, status, status_reason, label, alias, settings, sealed, updated_at, mode, effects, expires_at, refreshed_at)!
-- Change an account, provided that nobody changed it since it was read. A lease for its secrets ends with their change.
UPDATE accounts
SET status = :status, status_reason = :status_reason, label = :label, alias = :alias, settings = :settings,
    lease = CASE WHEN sealed = :sealed THEN lease ELSE '' END, leased_until = CASE WHEN sealed = :sealed THEN leased_until ELSE 0 END,
    sealed = :sealed, updated_at = :updated_at, mode = :mode, effects = :effects, expires_at = :expires_at, refreshed_at = :refreshed_at
WHERE id = :id AND project_id = :project_id AND status = :from_status AND updated_at = :from_updated_at;

-- name: lease_account(id, project_id, sealed, lease, at, until, gone)!
-- Take the right to renew an account's secrets, as they were read, until then; from nobody, or from somebody who is gone.
UPDATE accounts SET lease = :lease, leased_until = :until
WHERE id = :id AND project_id = :project_id AND sealed = :sealed AND (leased_until <= :at OR lease = :gone);

-- name: release_account(id, project_id, lease)!
-- Give that right back.
UPDATE accounts SET lease = '', leased_until = 0 WHERE id = :id AND project_id = :project_id AND lease = :lease;

-- name: count_accounts(project_id, auth_config_id)$
-- How many accounts were connected by an auth config.
SELECT count(*) FROM accounts WHERE project_id = :project_id AND auth_config_id = :auth_config_id;

-- name: delete_account(project_id, id)!
-- Take an account off its shelf.
DELETE FROM accounts WHERE project_id = :project_id AND id = :id;
