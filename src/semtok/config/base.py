"""What every section of the config is made of, and what no part of it may be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from semtok.config.variants import parse, suggestion
from semtok.errors import ConfigError

MAX_NAME = 100
"""Characters of a name; what is built of it is a part of a path, of which 255 bytes are allowed."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=MAX_NAME)]
"""A name that may stand in a path: letters, digits, `_`, `.` and `-`, first a letter or digit."""

PathText = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f{}]+$")]
"""A path of the user's own: anything but control characters and the braces that Snakemake fills in."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What every library takes as a seed."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of the config: unknown keys refused, values fixed once read, numbers not taken from strings."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


@dataclass(frozen=True)
class Resources:
    """What a method's job needs instead of what its rule asks for; None: as the rule."""

    threads: int | None = None
    mem_mb: int | None = None
    minutes: int | None = None
    gpus: int | None = None


class Method(Section):
    """The options of a method, and what is true of it whatever they are."""

    resources: ClassVar[Mapping[str, Resources]] = {}
    """By rule."""

    def asks(self, rule: str, resource: str, otherwise: int) -> int:
        """How much of a resource a job of `rule` needs; `otherwise` where the method leaves it to the rule."""
        asked: int | None = getattr(self.resources.get(rule, Resources()), resource)
        return otherwise if asked is None else asked


def entry_of(section: str, variants: bool = False) -> AfterValidator:
    """A check that a name is an entry of `section`, or a variant of one; without a whole config nothing is checked."""

    def check(name: str, info: ValidationInfo) -> str:
        try:
            entry = parse(name)[0] if variants else name
        except ConfigError as error:
            raise ValueError(str(error).rpartition("expected ")[2]) from None
        known = (info.context or {}).get(section)
        if known is not None and entry not in known:
            raise ValueError(f"an entry of {section}{suggestion(entry, known)}")
        return name

    return AfterValidator(check)


MAX_VALUES = 100_000
MAX_DEPTH = 30
MAX_TEXT = 1_000_000
MAX_BITS = 63


def exceeds_limits(raw: Any) -> str | None:
    """What makes YAML content too large to look at, such as aliases of aliases; None where nothing does.

    An alias counts as often as it is used, since whatever walks over the content meets it as often.
    """
    waiting: list[Iterator[Any]] = [iter([raw])]
    values = 0
    while waiting:
        for value in waiting[-1]:
            values += 1
            if values > MAX_VALUES:
                return f"more than {MAX_VALUES} values, aliases counted as often as they are used"
            if isinstance(value, str) and len(value) > MAX_TEXT:
                return f"a text of {len(value)} characters, expected at most {MAX_TEXT}"
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                return f"a whole number of {value.bit_length()} bits, expected at most {MAX_BITS}"
            if isinstance(value, Mapping | list | tuple | set):
                if len(waiting) > MAX_DEPTH:
                    return f"values nested more than {MAX_DEPTH} deep"
                parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
                waiting.append(iter(parts))
                break
        else:
            waiting.pop()
    return None
