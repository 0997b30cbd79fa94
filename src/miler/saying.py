"""What the runner may say of an activity: the keys, their words, and how they are written down."""

from __future__ import annotations

from collections.abc import Mapping

from miler.errors import SettingsError

KEYS = ("title", "tags", "sport", "kind", "shoes", "wind", "surface")
KINDS = ("race", "time_trial", "workout", "long_run", "easy")

# Each surface, and the words of a file's `sub_sport` that mean it; the runner's word counts more.
SURFACES: Mapping[str, tuple[str, ...]] = {
    "track": ("track",),
    "road": ("road", "street"),
    "trail": ("trail",),
    "grass": (),
    "indoor": ("indoor_running",),
    "treadmill": ("treadmill",),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {"kind": KINDS, "surface": tuple(SURFACES)}


def written(key: str, value: str | None) -> str | None:
    """Return what is kept of what the runner said; None, which takes it back, for nothing.

    Args:
        key: one of `KEYS`.
        value: his words; those of a kind or a surface in any case, with spaces or hyphens.

    Raises:
        SettingsError: for another key, or a kind or a surface that is none.
    """
    if key not in KEYS:
        raise SettingsError(f"{key!r} cannot be set; {', '.join(KEYS)} can")
    text = value or ""
    if not text.strip():
        return None
    if key in _CHOICES:
        return _chosen(key, text)
    if key == "tags":
        words = (word.strip() for word in text.split(","))
        text = ",".join(dict.fromkeys(word for word in words if word))
    return text.encode("utf-8", "backslashreplace").decode("utf-8") or None


def _chosen(key: str, text: str) -> str:
    choices = _CHOICES[key]
    word = "_".join(text.lower().replace("-", " ").split())
    if word not in choices:
        from difflib import get_close_matches

        close = get_close_matches(word, choices, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(choices)}"
        raise SettingsError(f"{text!r} is no {key}; {hint}")
    return word
