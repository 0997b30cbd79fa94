from __future__ import annotations

import pickle

import pytest

from miler import errors
from miler.errors import (
    ActivityError,
    CorruptFile,
    DecodeError,
    MilerError,
    MissingStream,
    UnknownFormat,
    UnsupportedFile,
)

EVERY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MilerError)]


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_has_a_code_for_programs_and_a_message_for_people(kind: type[MilerError]) -> None:
    error = kind("the file is empty")
    assert str(error) == error.message == "the file is empty"
    assert error.code == kind.code
    assert kind("x", code="exact").code == "exact"


def test_codes_tell_the_errors_apart() -> None:
    assert len({kind.code for kind in EVERY}) == len(EVERY)


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_crosses_from_one_process_to_another_unchanged(kind: type[MilerError]) -> None:
    error = pickle.loads(pickle.dumps(kind("cut off", code="exact")))
    assert (type(error), error.message, error.code) == (kind, "cut off", "exact")


def test_where_reading_stopped_crosses_too() -> None:
    error = pickle.loads(pickle.dumps(UnsupportedFile("a course", kind="course", format="fit", at=14)))
    assert (error.kind, error.format, error.at) == ("course", "fit", 14)


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (UnknownFormat, DecodeError),
        (CorruptFile, DecodeError),
        (UnsupportedFile, DecodeError),
        (MissingStream, ActivityError),
        *((kind, MilerError) for kind in EVERY),
    ],
)
def test_one_except_catches_all_of_a_family(kind: type[MilerError], family: type[MilerError]) -> None:
    with pytest.raises(family):
        raise kind("x")
