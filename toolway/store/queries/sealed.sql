-- name: sealed_accounts(prefix, after, most)
-- Connected accounts whose credential is sealed otherwise than the prefix says, by their ids.
SELECT id, sealed FROM accounts
WHERE sealed <> '' AND substr(sealed, 1, length(CAST(:prefix AS TEXT))) <> :prefix AND id > :after
ORDER BY id LIMIT :most;

-- name: renew_account(id, before, sealed, at)!
-- Put the same credential, sealed anew, in place of the one that was read; who renews it just now, under a lease, knows it by its text.
UPDATE accounts SET sealed = :sealed WHERE id = :id AND sealed = :before AND leased_until <= :at;

-- name: sealed_auth_configs(prefix, after, most)
-- Auth configs whose secrets are sealed otherwise than the prefix says.
SELECT id, sealed FROM auth_configs
WHERE sealed <> '' AND substr(sealed, 1, length(CAST(:prefix AS TEXT))) <> :prefix AND id > :after
ORDER BY id LIMIT :most;

-- name: renew_auth_config(id, before, sealed)!
-- Put the same secrets, sealed anew, in place of those that were read.
UPDATE auth_configs SET sealed = :sealed WHERE id = :id AND sealed = :before;

-- name: sealed_authorizations(prefix, after, most)
-- Authorizations under way whose verifier is sealed otherwise than the prefix says.
SELECT digest AS id, sealed FROM authorizations
WHERE sealed <> '' AND substr(sealed, 1, length(CAST(:prefix AS TEXT))) <> :prefix AND digest > :after
ORDER BY digest LIMIT :most;

-- name: renew_authorization(id, before, sealed)!
-- Put the same verifier, sealed anew, in place of the one that was read.
UPDATE authorizations SET sealed = :sealed WHERE digest = :id AND sealed = :before;

-- name: sealed_meta(prefix, after, most)
-- What of the installation itself is sealed otherwise than the prefix says.
SELECT name AS id, value AS sealed FROM meta
WHERE name = 'pepper' AND substr(value, 1, length(CAST(:prefix AS TEXT))) <> :prefix AND name > :after
ORDER BY name LIMIT :most;

-- name: renew_meta(id, before, sealed)!
-- Put the same value, sealed anew, in place of the one that was read.
UPDATE meta SET value = :sealed WHERE name = :id AND value = :before;

-- name: count_sealed(prefix)$
-- How much of all is sealed as the prefix says.
SELECT (SELECT count(*) FROM accounts WHERE substr(sealed, 1, length(CAST(:prefix AS TEXT))) = :prefix)
    + (SELECT count(*) FROM auth_configs WHERE substr(sealed, 1, length(CAST(:prefix AS TEXT))) = :prefix)
    + (SELECT count(*) FROM authorizations WHERE substr(sealed, 1, length(CAST(:prefix AS TEXT))) = :prefix)
    + (SELECT count(*) FROM meta WHERE name = 'pepper' AND substr(value, 1, length(CAST(:prefix AS TEXT))) = :prefix);
