"""The privacy report of a run: what may be shown to whoever asks, and no more."""
