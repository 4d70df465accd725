"""From landing to published tables."""
