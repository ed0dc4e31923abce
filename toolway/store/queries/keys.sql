-- name: add_key(id, project_id, digest, hint, scopes, created_at, expires_at, revoked_at)!
-- Put a new API key on its shelf.
INSERT INTO keys (id, project_id, digest, hint, scopes, created_at, expires_at, revoked_at)
VALUES (:id, :project_id, :digest, :hint, :scopes, :created_at, :expires_at, :revoked_at);

-- name: key_by_digest(digest)^
-- The key whose text hashes to this; the digest is a secret, so no project is asked for.
SELECT * FROM keys WHERE digest = :digest;

-- name: keys(project_id)
-- The keys of a project, or of all when none is named, oldest first.
SELECT * FROM keys WHERE CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id ORDER BY created_at, id;

-- name: revoke_key(id, project_id, at)!
-- Revoke a key that was not revoked before.
UPDATE keys SET revoked_at = :at
WHERE id = :id AND revoked_at IS NULL AND (CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id);
