"""The config of the recommender stage: one class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    create_model,
)

from semtok.config.choice import with_choice
from semtok.config.on_language_models import P5, LCRecRecommender, STORERecommender
from semtok.config.over_codes import TIGER, DecoderOnly
from semtok.config.over_ids import STAN, STGN, BERT4Rec, GeoSAN, GRU4Rec, SASRec
from semtok.config.own import is_own, method_of
from semtok.config.recommender_options import OwnRecommender, own_class

RecommenderClass = (
    TIGER | DecoderOnly | STORERecommender | LCRecRecommender | P5 | SASRec | BERT4Rec | GRU4Rec | STGN | GeoSAN | STAN
)


RecommenderEntry = Annotated[
    Annotated[Annotated[RecommenderClass, Field(discriminator="method")], Tag("[of the package]")]
    | Annotated[SerializeAsAny[OwnRecommender], Tag("[own]")],
    Discriminator(lambda entry: "[own]" if is_own(method_of(entry)) else "[of the package]"),
]


def methods() -> dict[str, type[RecommenderClass]]:
    """The class of each method of the package."""
    kinds = get_args(RecommenderClass)
    return {method: kind for kind in kinds for method in get_args(kind.model_fields["method"].annotation)}


def without(section: Literal["training", "decoding"], options: Mapping[str, Any]) -> RecommenderClass:
    """The typed options of a job that is not given the section `section`, so that it depends on the other alone.

    There the section is None. What was chosen by validation is read from its file.
    """
    method = options["method"]
    kind: Any = own_class(method) if is_own(method) else methods()[method]
    left_out: Any = {section: (None, None)}
    found: RecommenderClass = create_model(kind.__name__, __base__=kind, **left_out).model_validate(
        with_choice(options)
    )
    return found
