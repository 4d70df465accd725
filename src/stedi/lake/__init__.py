"""The lake: its face, and the pipeline that fills it."""
