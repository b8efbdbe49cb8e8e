"""The commands about settings; they need no running service."""

from eliza_cloud.cli.lazy_group import LazyGroup

HERE = "eliza_cloud.cli.commands.config"

config = LazyGroup(
    "config",
    "The settings in eliza.json and in the environment; none of these commands needs a running service.",
    {
        "check": (f"{HERE}.check:check", "Check eliza.json and list every problem."),
        "show": (f"{HERE}.show:show", "Show the effective settings and their sources."),
        "schema": (f"{HERE}.schema:schema", "Print the JSON Schema of eliza.json."),
    },
)
