"""Who may: the vault, API keys, the schemes of proof, and the keeper of credentials."""
