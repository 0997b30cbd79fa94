"""What is made of a value that nobody changes, made once for all who ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

_Of = TypeVar("_Of")
_Made = TypeVar("_Made")


def once(make: Callable[[_Of], _Made]) -> Callable[[_Of], _Made]:
    """Let what is made of a recording or an odometer be made once; it is forgotten with what it is of."""
    kept: WeakKeyDictionary[_Of, _Made] = WeakKeyDictionary()

    @wraps(make)
    def made(of: _Of) -> _Made:
        if of not in kept:
            kept[of] = make(of)
        return kept[of]

    return made
