"""One clear error from each method of a lake, whatever is damaged."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from stedi.lake.arguments import checked
from stedi.pipeline.site import Site


class _Sited(Protocol):
    """What is at a site."""

    _site: Site


_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S", bound=_Sited)


def clear_errors(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Let a method raise a CatalogError where a file of its lake is damaged or gone.

    Its arguments are checked first; what still is a wrong argument raises what it always does: a damaged
    file must be found for anything else.
    """
    # What Python says of arguments that do not fit names the class that users know.
    method.__qualname__ = f"Lake.{method.__name__}"
    sound = checked(method)

    @wraps(method)
    def clear(self: _S, *arguments: _P.args, **options: _P.kwargs) -> _R:
        with self._site.explained():
            return sound(self, *arguments, **options)

    return cast("Callable[Concatenate[_S, _P], _R]", clear)
