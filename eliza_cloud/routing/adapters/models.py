"""Which model a request means: a name of its own, or a tier the route gives a name to."""

from eliza_cloud.routing.config.types import TIERS, Route

#: The model name that stands for the connected cloud agent.
AGENT_MODEL = "eliza-agent"


class ModelUnknown(ValueError):  # noqa: N818 - the fact, as its readers name it
    """A tier is asked for of which the route knows no model; the message says how to name one."""


def resolve_model(wanted: str | None, route: Route) -> str | None:
    """Return the model's name for upstream: a tier's is the route's, any other name stays.

    A tier the route leaves open falls to its primary model, and so does no name; None when it has none.
    Raises ModelUnknown.
    """
    if wanted and wanted not in TIERS:
        return wanted
    model = getattr(route, TIERS[wanted]) if wanted else None
    model = model or route.primary_model
    if wanted and model is None:
        raise ModelUnknown(
            f"The route names no model for {wanted}: set {wanted}Model or primaryModel in it, or ask for a"
            " model by its own name"
        )
    return str(model) if model else None


def named_tiers(route: Route) -> list[str]:
    """Return the tiers a request to this route may ask for."""
    if route.primary_model:
        return list(TIERS)
    return [tier for tier, field in TIERS.items() if getattr(route, field)]
