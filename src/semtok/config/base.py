"""What every section of the config is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A name that may stand in a path: letters, digits, `_`, `.` and `-`, first a letter or digit."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of the config: unknown keys refused, values fixed once read, numbers not taken from strings."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
