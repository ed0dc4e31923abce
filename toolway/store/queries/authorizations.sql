-- name: add_authorization(digest, project_id, account_id, link_digest, browser_digest, sealed, created_at, expires_at, used_at)!
-- Put an authorization that is under way on its shelf.
INSERT INTO authorizations (digest, project_id, account_id, link_digest, browser_digest, sealed, created_at, expires_at, used_at)
VALUES (:digest, :project_id, :account_id, :link_digest, :browser_digest, :sealed, :created_at, :expires_at, :used_at);

-- name: authorization(digest)^
-- The authorization whose state hashes to this; the digest is a secret, so no project is asked for.
SELECT * FROM authorizations WHERE digest = :digest;

-- name: use_authorization(digest, browser_digest, at)!
-- Use an authorization up, once, in the browser that began it, and only while it is good.
UPDATE authorizations SET used_at = :at, sealed = ''
WHERE digest = :digest AND browser_digest = :browser_digest AND used_at IS NULL AND expires_at > :at;

-- name: sweep_authorizations(at)!
-- Forget what grew too old.
DELETE FROM authorizations WHERE expires_at <= :at;

-- name: delete_authorizations(project_id, account_id)!
-- Forget the authorizations of an account that goes.
DELETE FROM authorizations WHERE project_id = :project_id AND account_id = :account_id;
