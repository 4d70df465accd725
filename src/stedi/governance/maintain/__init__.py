"""Maintenance of a lake."""
