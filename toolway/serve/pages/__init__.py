"""Pages for people: connecting an account, and coming back from a provider. They need no scripts."""
