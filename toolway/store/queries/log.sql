-- name: note_entries(id, project_id, session_id, user_id, toolkit, tool, account_id, effect, state, error, status, ms, at, request_id, owner)*!
-- Write calls down; a call that was sent gets its outcome, also from a process that was wrongly held for dead; an outcome once told stays.
INSERT INTO log (id, project_id, session_id, user_id, toolkit, tool, account_id, effect, state, error, status, ms, at, request_id, owner)
VALUES (:id, :project_id, :session_id, :user_id, :toolkit, :tool, :account_id, :effect, :state, :error, :status, :ms, :at, :request_id, :owner)
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, error = excluded.error, status = excluded.status, ms = excluded.ms
WHERE log.project_id = excluded.project_id AND (log.state = 'sent' OR (log.state = 'unknown' AND log.owner = excluded.owner));

-- name: recent_entries(project_id, most)
-- The latest calls of a project, latest first.
SELECT * FROM log WHERE project_id = :project_id ORDER BY at DESC, id DESC LIMIT :most;

-- name: recent_session_entries(project_id, session_id, most)
-- The latest calls of a session, latest first.
SELECT * FROM log WHERE session_id = :session_id AND project_id = :project_id ORDER BY at DESC, id DESC LIMIT :most;

-- name: count_entries(project_id)$
-- How many calls of a project were written down.
SELECT count(*) FROM log WHERE project_id = :project_id;

-- name: count_unknown_entries(project_id)$
-- How many calls of a project have an outcome that nobody learnt.
SELECT count(*) FROM log WHERE state = 'unknown' AND project_id = :project_id;

-- name: unknown_entries(project_id, before, most)
-- The calls of a project whose outcome nobody learnt, begun before a time, latest first.
SELECT * FROM log
WHERE state = 'unknown' AND project_id = :project_id AND at < :before
ORDER BY at DESC, id DESC LIMIT :most;

-- name: owners_of_sent()
-- The processes that have calls under way, or had when they ended.
SELECT DISTINCT owner FROM log WHERE state = 'sent';

-- name: give_up_sent(owner, error)!
-- Tell of the calls that a process left behind that their outcome is unknown.
UPDATE log SET state = 'unknown', error = :error WHERE state = 'sent' AND owner = :owner;

-- name: count_entries_of_account(project_id, account_id, since)$
-- How many calls went out with a connected account since a moment: of those that failed only such as may have left.
SELECT count(*) FROM log
WHERE project_id = :project_id AND at >= :since AND account_id = :account_id
    AND (state <> 'failed' OR error IN ('no_answer', 'too_large', 'interrupted', 'error'));
