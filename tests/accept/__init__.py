"""The slow tests, the real ones: other people's programs against a running Toolway."""
