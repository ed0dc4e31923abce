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

-- name: idle_accounts(project_id, before, after, most)
-- Active OAuth2 accounts whose access was made before that moment, by their ids, from behind one on.
SELECT * FROM accounts
WHERE project_id = :project_id AND status = 'ACTIVE' AND mode = 'OAUTH2' AND refreshed_at <= CAST(:before AS BIGINT)
    AND id > CAST(:after AS TEXT)
ORDER BY id
LIMIT CAST(:most AS BIGINT);

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

-- name: accounts_page(project_id, users, toolkits, auth_configs, ids, statuses, mark, too_old, by_change, sign, most, skip)
-- A page of a project's connected accounts, and how many there are: of those that stand in every list that is not empty. In a list each value is between marks; an attempt that grew too old counts as EXPIRED.
SELECT *, count(*) OVER () AS fitting FROM accounts
WHERE project_id = :project_id
    AND (CAST(:users AS TEXT) = '' OR replace(CAST(:users AS TEXT), CAST(:mark AS TEXT) || user_id || CAST(:mark AS TEXT), '') <> :users)
    AND (CAST(:toolkits AS TEXT) = '' OR replace(CAST(:toolkits AS TEXT), CAST(:mark AS TEXT) || toolkit || CAST(:mark AS TEXT), '') <> :toolkits)
    AND (CAST(:auth_configs AS TEXT) = '' OR replace(CAST(:auth_configs AS TEXT), CAST(:mark AS TEXT) || auth_config_id || CAST(:mark AS TEXT), '') <> :auth_configs)
    AND (CAST(:ids AS TEXT) = '' OR replace(CAST(:ids AS TEXT), CAST(:mark AS TEXT) || id || CAST(:mark AS TEXT), '') <> :ids)
    AND (CAST(:statuses AS TEXT) = '' OR replace(CAST(:statuses AS TEXT), CAST(:mark AS TEXT) || (CASE WHEN status = 'INITIATED' AND updated_at <= CAST(:too_old AS BIGINT) THEN 'EXPIRED' ELSE status END) || CAST(:mark AS TEXT), '') <> :statuses)
ORDER BY (CASE WHEN CAST(:by_change AS BIGINT) = 1 THEN updated_at ELSE created_at END) * CAST(:sign AS BIGINT), id
LIMIT CAST(:most AS BIGINT) OFFSET CAST(:skip AS BIGINT);

-- name: accounts_page_of_user(project_id, user_id, toolkits, auth_configs, ids, statuses, mark, too_old, by_change, sign, most, skip)
-- The same of one user, who is found by an index.
SELECT *, count(*) OVER () AS fitting FROM accounts
WHERE project_id = :project_id
    AND user_id = :user_id
    AND (CAST(:toolkits AS TEXT) = '' OR replace(CAST(:toolkits AS TEXT), CAST(:mark AS TEXT) || toolkit || CAST(:mark AS TEXT), '') <> :toolkits)
    AND (CAST(:auth_configs AS TEXT) = '' OR replace(CAST(:auth_configs AS TEXT), CAST(:mark AS TEXT) || auth_config_id || CAST(:mark AS TEXT), '') <> :auth_configs)
    AND (CAST(:ids AS TEXT) = '' OR replace(CAST(:ids AS TEXT), CAST(:mark AS TEXT) || id || CAST(:mark AS TEXT), '') <> :ids)
    AND (CAST(:statuses AS TEXT) = '' OR replace(CAST(:statuses AS TEXT), CAST(:mark AS TEXT) || (CASE WHEN status = 'INITIATED' AND updated_at <= CAST(:too_old AS BIGINT) THEN 'EXPIRED' ELSE status END) || CAST(:mark AS TEXT), '') <> :statuses)
ORDER BY (CASE WHEN CAST(:by_change AS BIGINT) = 1 THEN updated_at ELSE created_at END) * CAST(:sign AS BIGINT), id
LIMIT CAST(:most AS BIGINT) OFFSET CAST(:skip AS BIGINT);
