"""The commands about service routing."""

from eliza_cloud.cli.lazy_group import LazyGroup

HERE = "eliza_cloud.cli.commands.routing"

routing = LazyGroup(
    "routing",
    "The route of each capability: to Eliza Cloud, a provider, or a server of your own.",
    {
        "show": (f"{HERE}.show:show", "Show the route of each capability."),
        "set": (f"{HERE}.set:set_route", "Set the route of a capability."),
        "clear": (f"{HERE}.clear:clear", "Remove the route of a capability."),
    },
)
