"""Frames of any engine: checked against a contract on the way in, in its order on the way out."""
