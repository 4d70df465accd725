"""What follows from what was loaded."""
