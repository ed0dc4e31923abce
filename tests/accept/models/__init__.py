"""Models that are played: a mind that follows a script, and the wires on which it is reached."""
