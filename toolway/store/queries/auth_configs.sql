-- name: add_auth_config(id, project_id, toolkit, mode, name, enabled, created_at, updated_at)!
-- Put a new auth config on its shelf.
INSERT INTO auth_configs (id, project_id, toolkit, mode, name, enabled, created_at, updated_at)
VALUES (:id, :project_id, :toolkit, :mode, :name, :enabled, :created_at, :updated_at);

-- name: auth_config(project_id, id)^
-- The auth config of this id, within the project.
SELECT * FROM auth_configs WHERE project_id = :project_id AND id = :id;

-- name: first_auth_config(project_id, toolkit)^
-- The oldest enabled auth config of a toolkit, within the project.
SELECT * FROM auth_configs WHERE project_id = :project_id AND toolkit = :toolkit AND enabled = 1 ORDER BY created_at, id LIMIT 1;

-- name: auth_configs(project_id, toolkit)
-- The auth configs of a project, or of one toolkit in it, oldest first.
SELECT * FROM auth_configs
WHERE project_id = :project_id AND (CAST(:toolkit AS TEXT) IS NULL OR toolkit = :toolkit)
ORDER BY created_at, id;
