-- name: add_project(id, name, created_at)!
-- Put a new project on its shelf.
INSERT INTO projects (id, name, created_at) VALUES (:id, :name, :created_at);

-- name: project(id)^
-- The project of this id.
SELECT * FROM projects WHERE id = :id;

-- name: project_by_name(name)^
-- The project of this name.
SELECT * FROM projects WHERE name = :name;

-- name: projects()
-- Every project, oldest first.
SELECT * FROM projects ORDER BY created_at, id;
