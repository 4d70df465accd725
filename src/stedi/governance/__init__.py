"""What keeps a lake right, and its people's rights."""
