"""How many cases a test tries: few with ``-m quick``, all in .ci/run, more in the profile ``thorough``."""

from hypothesis import settings

_WHOLE = settings.get_profile("whole").max_examples


def cases(whole: int, *, least: int = 1) -> int:
    """Return how many cases to try, at the pace of the hypothesis profile.

    Args:
        whole: How many .ci/run tries.
        least: With fewer the test would say too little.
    """
    return max(least, whole * settings().max_examples // _WHOLE)
