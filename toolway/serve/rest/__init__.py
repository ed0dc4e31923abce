"""The REST face, a room a resource."""
