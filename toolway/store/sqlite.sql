-- name: prepare_write#
-- The connection that changes what is kept: each commit is on the disk before it is told (a rotated token must outlive a power cut), and what is erased is overwritten.
PRAGMA foreign_keys = ON;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA journal_size_limit = 16777216;

-- name: prepare_read#
-- The connection that only looks.
PRAGMA query_only = ON;

-- name: prepare_log#
-- The connection of the call log: a commit is in the operating system's hands, which outlives kill -9 of the process, not a power cut; a call does not wait long for somebody else's change.
PRAGMA busy_timeout = 2000;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;

-- name: has_meta()$
-- Whether there is a schema at all.
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta';

-- name: take_turn(what)$
-- A transaction that writes is the only one as it is.
SELECT :what;

-- name: share_turn(what)$
-- The same.
SELECT :what;
