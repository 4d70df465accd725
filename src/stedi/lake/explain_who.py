"""Explain somebody or something by a text alone: an e-mail, a serial number, or a customer_id."""

from stedi.governance.explain.explanation import Explanation, SubjectKind
from stedi.governance.explain.who import guess
from stedi.lake.lake import Lake


def explain_who(lake: Lake, who: str, *, kind: SubjectKind | None = None) -> Explanation:
    """Explain whom or what a text names, as ``Lake.explain`` does.

    Args:
        lake: The lake.
        who: An e-mail, a serial number, or a customer_id.
        kind: Which of them it is; None to find out from what the lake knows.

    Raises:
        ConfigurationError: The text is blank, or no customer_id.
        KeyMismatchError: Whose customer_id it is can't be told without the lake's key.
        LakeError: Nothing was published yet.
    """
    with lake.reading():
        asked = guess(lake.scan, who) if kind is None else kind
    return lake.explain(**{asked: who})
