"""Types of the values a user may write: closed models, numbers that are numbers, safe names."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    Tag,
    model_serializer,
)


class Closed(BaseModel):
    """A block of config.yaml: unknown keys are forbidden, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _without_defaults_of_added_fields(
        self, serialise: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        dumped = serialise(self)
        for name, field in type(self).model_fields.items():
            if field.json_schema_extra == _ADDED and getattr(self, name) == field.default:
                dumped.pop(name, None)
        return dumped


_ADDED = {"added": True}


def AddedField(default: Any, **constraints: Any) -> Any:
    """A field that a block gets when results of it exist already; else as pydantic's `Field`.

    Its default means "as before", and never changes. Where a block has it, dumps leave the field
    out, so that no id changes; its declaration is no part of a stage's code
    (`artifacts/code_digest.py`), so that nothing runs again.
    """
    return Field(default=default, json_schema_extra=_ADDED, **constraints)


def _not_a_truth_value(value: Any) -> Any:
    # YAML reads `yes`, `on` and `n` as truth values, and pydantic would go on to read True as 1.
    if isinstance(value, bool):
        raise ValueError("input should be a number")
    return value


def _whole_number(value: Any) -> Any:
    # 1e5 is text to YAML and then no integer to pydantic.
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return int(number) if number.is_integer() else number
    return value


_number = BeforeValidator(_not_a_truth_value)
_whole = BeforeValidator(_whole_number)

# PyYAML reads 1e-2 as text (YAML 1.1 wants 1.0e-2); pydantic then reads the text as a number, so
# that every way of writing a value gives the same float and hence the same id.
Float = Annotated[float, _number, Field(allow_inf_nan=False)]
PositiveFloat = Annotated[float, _number, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, _number, Field(gt=0, lt=1, allow_inf_nan=False)]
Divisor = Annotated[float, _number, Field(ge=1, allow_inf_nan=False)]
# More than this many of anything does not fit into memory; a typo does not get far.
PositiveInt = Annotated[int, _number, _whole, Field(gt=0, lt=2**31)]
Seed = Annotated[int, _number, _whole, Field(ge=0, le=2**32 - 1)]


def _all_different(values: list[float]) -> list[float]:
    # Each makes a column with its value in the name.
    if len(set(values)) < len(values):
        raise ValueError("must be different from each other")
    return values


Thresholds = Annotated[list[Fraction], AfterValidator(_all_different)]


class OfEdge(Closed):
    """A step size that differs between replicates: a fraction of each one's own edge."""

    of_edge: PositiveFloat = Field(description="times the replicate's largest surviving step size")


def _is_of_edge(value: Any) -> str:
    return "<of_edge>" if isinstance(value, dict | OfEdge) else "<number>"


# mistakes.py leaves tags in angle brackets out of a key's path.
StepSize = Annotated[
    Annotated[PositiveFloat, Tag("<number>")] | Annotated[OfEdge, Tag("<of_edge>")],
    Discriminator(_is_of_edge),
]

# Names become parts of paths and of Snakemake wildcards.
NAME_PATTERN = "[a-z0-9][a-z0-9_-]*"
Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$", max_length=60)]
Colour = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$")]
