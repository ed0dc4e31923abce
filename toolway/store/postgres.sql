-- name: has_meta()$
-- Whether there is a schema at all.
SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta';

-- name: take_turn(what)$
-- Wait until this transaction is the only one of those that take turns at something.
SELECT pg_advisory_xact_lock(hashtextextended('toolway ' || CAST(:what AS TEXT), 0));

-- name: share_turn(what)$
-- Wait until no transaction has its turn at something, and let none have it before this one ends.
SELECT pg_advisory_xact_lock_shared(hashtextextended('toolway ' || CAST(:what AS TEXT), 0));

-- name: be_present(owner)$
-- Hold the lock of a process's name for as long as the connection lasts.
SELECT pg_advisory_lock_shared(hashtextextended('toolway process ' || CAST(:owner AS TEXT), 0));

-- name: is_absent(owner)$
-- Whether nobody holds the lock of a process's name; held itself no longer than this takes.
SELECT pg_try_advisory_xact_lock(hashtextextended('toolway process ' || CAST(:owner AS TEXT), 0));
