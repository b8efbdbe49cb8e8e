"""The commands that print what an operator installs: units, alert rules, dashboards, examples."""

from eliza_cloud.cli.lazy_group import LazyGroup

HERE = "eliza_cloud.cli.commands.service"

service = LazyGroup(
    "service",
    "The systemd unit of this installation, and files for operating it.",
    {
        "unit": (f"{HERE}.unit:unit", "Print the systemd unit of this installation."),
        "file": (f"{HERE}.file:file", "Print an example, a schema, alert rules or a dashboard."),
    },
)
