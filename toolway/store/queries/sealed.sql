-- name: sealed_accounts(prefix, after, most)
-- Connected accounts whose credential is sealed otherwise than the prefix says, by their ids.
SELECT id, sealed FROM accounts
WHERE sealed <> '' AND substr(sealed, 1, length(CAST(:prefix AS TEXT))) <> :prefix AND id > :after
ORDER BY id LIMIT :most;

-- name: renew_account(id, before, sealed)!
-- Put the same credential, sealed anew, in place of the one that was read; whoever changed it since was right.
UPDATE accounts SET sealed = :sealed WHERE id = :id AND sealed = :before;

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
    + (SELECT count(*) FROM meta WHERE name = 'pepper' AND substr(value, 1, length(CAST(:prefix AS TEXT))) = :prefix);
