"""The commands about agents."""

from eliza_cloud.cli.lazy_group import LazyGroup

HERE = "eliza_cloud.cli.commands.agents"

agents = LazyGroup(
    "agents",
    "The agents at Eliza Cloud.",
    {
        "list": (f"{HERE}.list:list_agents", "Show the agents of the account."),
        "create": (f"{HERE}.create:create", "Create an agent."),
        "provision": (f"{HERE}.connect:provision", "Do the same as `connect`."),
        "connect": (f"{HERE}.connect:connect", "Connect to an agent, starting it if necessary."),
        "suspend": (f"{HERE}.suspend:suspend", "Stop an agent and keep it."),
        "resume": (f"{HERE}.suspend:resume", "Start a suspended agent again."),
        "restart": (f"{HERE}.suspend:restart", "Stop an agent and start it again."),
        "upgrade": (f"{HERE}.upgrade:upgrade", "Make a shared agent dedicated."),
        "rename": (f"{HERE}.rename:rename", "Give an agent another name."),
        "logs": (f"{HERE}.logs:logs", "Show the last lines of an agent's log."),
        "shutdown": (f"{HERE}.shutdown:shutdown", "Delete an agent and its backups."),
    },
)
