"""The vendors, played: Clockify and DeskTime with state, from their public documents, for work without an account."""
