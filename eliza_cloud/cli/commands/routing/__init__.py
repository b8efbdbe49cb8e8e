"""The verbs about service routing."""

from eliza_cloud.cli.lazy_group import Verbs

HERE = "eliza_cloud.cli.commands.routing"

routing = Verbs(
    "routing",
    "Which road each capability takes: Eliza Cloud, a provider, or a server of your own.",
    {
        "show": (f"{HERE}.show:show", "Show where each capability goes, and why."),
        "set": (f"{HERE}.set:set_route", "Send a capability another way."),
        "clear": (f"{HERE}.clear:clear", "Take a capability's road away."),
    },
)
