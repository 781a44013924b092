"""Item vectors to codes."""
