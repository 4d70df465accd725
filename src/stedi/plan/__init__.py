"""The plan: which table is made of which, as data."""
