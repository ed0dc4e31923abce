-- name: meta(name)$
-- What is kept under this name.
SELECT value FROM meta WHERE name = :name;

-- name: put_meta_once(name, value)!
-- Keep a value under a name that is still free.
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;

-- name: put_meta(name, value)!
-- Keep a value under a name, in place of what was there.
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: generation()$
-- How often something that processes remember was changed.
SELECT value FROM generation WHERE one = 1;

-- name: bump_generation()!
-- Tell every process that what it remembers may be old.
UPDATE generation SET value = value + 1 WHERE one = 1;
