"""Erasing a person: from the tables, from their history, from landing objects; and the receipt."""
