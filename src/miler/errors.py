"""Every error that miler raises on purpose.

One line each: the fact, then the remedy, with numbers. `OSError` is left alone;
oddities that a reader survives are `Note` values, not errors.
"""

from __future__ import annotations


class MilerError(Exception):
    """The base of all errors of miler; `code` is a stable word for programs.

    The code defaults to the class's own; raisers may give a more exact one.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; keyword-only arguments do not survive the default pickling.
        return (_rebuild, (type(self), self.message, self.__dict__))


def _rebuild(kind: type[MilerError], message: str, state: dict[str, object]) -> MilerError:
    error = kind(message)
    error.__dict__.update(state)
    return error


class DecodeError(MilerError):
    """A file whose bytes could not be turned into an activity.

    `format` names the format as far as it was recognised, `at` the byte offset
    (FIT) or the line (GPX, TCX) where reading stopped.
    """

    code = "decode"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        format: str | None = None,
        at: int | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.format = format
        self.at = at


class UnknownFormat(DecodeError):
    """The content is none of the formats that miler reads."""

    code = "unknown_format"


class CorruptFile(DecodeError):
    """The format is known, but nothing usable is left (or `strict` was asked for)."""

    code = "corrupt"


class UnsupportedFile(DecodeError):
    """A file that is not an activity: settings, a course, a workout, a route.

    Such files are skipped, not failed; `kind` names what the file is, `damage` what is broken in it.
    """

    code = "not_an_activity"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "unknown",
        damage: str | None = None,
        code: str | None = None,
        format: str | None = None,
        at: int | None = None,
    ) -> None:
        super().__init__(
            f"{message}; damaged: {damage}" if damage else message, code=code, format=format, at=at
        )
        self.kind = kind
        self.damage = damage


class ActivityError(MilerError):
    """An activity that cannot answer what was asked of it."""

    code = "activity"


class MissingStream(ActivityError):
    """The activity has no such stream, or too little of it."""

    code = "missing_stream"


class SettingsError(MilerError):
    """A setting, a length or a duration that cannot be understood."""

    code = "settings"


class LibraryError(MilerError):
    """The library file cannot be used."""

    code = "library"


class Died(MilerError):
    """The process that read a file died of it; what else was in its hands has been read again."""

    code = "worker_died"
