"""The audit of a lake by a second route: it shares no code with what made the tables."""
