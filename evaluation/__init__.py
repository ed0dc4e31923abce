"""How well requests find their tools, beside other ways to search: `make eval`."""
