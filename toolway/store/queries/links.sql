-- name: add_link(digest, account_id, project_id, callback_url, created_at, expires_at, used_at)!
-- Put a new connect link on its shelf.
INSERT INTO links (digest, account_id, project_id, callback_url, created_at, expires_at, used_at)
VALUES (:digest, :account_id, :project_id, :callback_url, :created_at, :expires_at, :used_at);

-- name: link(digest)^
-- The link whose token hashes to this; the digest is a secret, so no project is asked for.
SELECT * FROM links WHERE digest = :digest;

-- name: use_link(digest, at)!
-- Use a link up, once, and only while it is good.
UPDATE links SET used_at = :at WHERE digest = :digest AND used_at IS NULL AND expires_at > :at;

-- name: delete_links(project_id, account_id)!
-- Forget the links of an account that goes.
DELETE FROM links WHERE project_id = :project_id AND account_id = :account_id;
