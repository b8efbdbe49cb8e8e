"""The verbs about settings; they need no running service."""

from eliza_cloud.cli.lazy_group import Verbs

HERE = "eliza_cloud.cli.commands.config"

config = Verbs(
    "config",
    "The settings in eliza.json and in the environment; these verbs need no running service.",
    {
        "check": (f"{HERE}.check:check", "Name everything that is wrong or unknown in eliza.json."),
        "show": (f"{HERE}.show:show", "Show the settings in force and where each comes from."),
        "schema": (f"{HERE}.schema:schema", "Print the JSON Schema of eliza.json."),
    },
)
