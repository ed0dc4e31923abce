-- Which request a call was part of: its id stands in the server's log and in the answer's header too.

ALTER TABLE log ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
