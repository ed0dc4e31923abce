-- name: has_meta()$
-- Whether there is a schema at all.
SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta';

-- name: take_turn()$
-- Wait until this transaction is the only one that changes the tables.
SELECT pg_advisory_xact_lock(hashtextextended('toolway tables', 0));

-- name: be_present(owner)$
-- Hold the lock of a process's name for as long as the connection lasts.
SELECT pg_advisory_lock_shared(hashtextextended('toolway process ' || CAST(:owner AS TEXT), 0));

-- name: is_absent(owner)$
-- Whether nobody holds the lock of a process's name; held itself no longer than this takes.
SELECT pg_try_advisory_xact_lock(hashtextextended('toolway process ' || CAST(:owner AS TEXT), 0));
