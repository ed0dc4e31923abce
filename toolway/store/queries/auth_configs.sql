-- name: add_auth_config(id, project_id, toolkit, mode, name, enabled, created_at, updated_at, managed, settings, sealed, tools)!
-- Put a new auth config on its shelf.
INSERT INTO auth_configs (id, project_id, toolkit, mode, name, enabled, created_at, updated_at, managed, settings, sealed, tools)
VALUES (:id, :project_id, :toolkit, :mode, :name, :enabled, :created_at, :updated_at, :managed, :settings, :sealed, :tools);

-- name: auth_config(project_id, id)^
-- The auth config of this id, within the project.
SELECT * FROM auth_configs WHERE project_id = :project_id AND id = :id;

-- name: first_auth_config(project_id, toolkit, mode)^
-- The auth config of a toolkit that is taken when none is named: an enabled one, made by the router before brought by somebody, the oldest.
SELECT * FROM auth_configs WHERE project_id = :project_id AND toolkit = :toolkit AND (CAST(:mode AS TEXT) IS NULL OR mode = :mode)
ORDER BY enabled DESC, managed DESC, created_at, id LIMIT 1;

-- name: auth_configs(project_id, toolkit)
-- The auth configs of a project, or of one toolkit in it, oldest first.
SELECT * FROM auth_configs
WHERE project_id = :project_id AND (CAST(:toolkit AS TEXT) IS NULL OR toolkit = :toolkit)
ORDER BY created_at, id;

-- name: change_auth_config(id, project_id, from_updated_at, name, enabled, updated_at, settings, sealed, tools)!
-- Change an auth config, provided that nobody changed it since it was read.
UPDATE auth_configs
SET name = :name, enabled = :enabled, updated_at = :updated_at, settings = :settings, sealed = :sealed, tools = :tools
WHERE id = :id AND project_id = :project_id AND updated_at = :from_updated_at;

-- name: delete_auth_config(project_id, id)!
-- Take an auth config off its shelf; one that accounts were connected by stays.
DELETE FROM auth_configs WHERE project_id = :project_id AND id = :id;
