"""The doors: MCP, REST and the connect pages."""
