"""Rotation of a lake's key."""
