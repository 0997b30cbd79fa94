"""Which activities: the conditions of `miler list`, as they stand in an address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from miler.library import Filter
from miler.saying import KINDS, SURFACES, written

Text = Annotated[str, Field(max_length=200)]
Year = Annotated[int, Field(ge=1, le=9999)]


def _one_of(words: Iterable[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": [*words]})


# Words of a list: in any case, with spaces or hyphens.
Kind = Annotated[str, AfterValidator(partial(written, "kind")), _one_of(KINDS)]
Surface = Annotated[str, AfterValidator(partial(written, "surface")), _one_of(SURFACES)]


class Conditions(BaseModel):
    """Of which activities; None for no condition. Days are the runner's calendar's, both included."""

    model_config = ConfigDict(frozen=True)

    since: date | None = None
    until: date | None = None
    year: Year | None = None
    sport: Text | None = None
    kind: Kind | None = None
    surface: Surface | None = None
    shoes: Text | None = None
    tag: Text | None = None
    device: Text | None = None
    note: Text | None = None

    def filter(self) -> Filter:
        """Return what the library is asked."""
        return Filter(**self.model_dump(exclude={"year"})).of_year(self.year)

    def asked(self) -> dict[str, str]:
        """Return what was asked, as it stands in an address; empty where nothing was."""
        return {key: "" if value is None else str(value) for key, value in self.model_dump().items()}


def _of_form(request: Request) -> Conditions:
    """Read the conditions that a form sent; its empty fields are none."""
    given = {key: value for key, value in request.query_params.items() if value}
    try:
        return Conditions.model_validate(given)
    except ValidationError as error:
        wrong = [{**one, "loc": ("query", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(wrong) from None


Chosen = Annotated[Conditions, Depends()]
ChosenInForm = Annotated[Conditions, Depends(_of_form)]
