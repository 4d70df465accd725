"""The consent rule: who agreed, from when, and for which devices."""
