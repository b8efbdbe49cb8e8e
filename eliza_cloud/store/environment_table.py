"""The table of the service's own environment variables; those of providers are in `routing.settings`."""

from eliza_cloud.store import environment as names
from eliza_cloud.store.setting import Counts, Variable

OWN_VARIABLES = (
    Variable(name=names.STATE_DIR, default="~/.eliza", about="The directory where everything is kept."),
    Variable(
        name=names.CONFIG_PATH,
        default="eliza.json in the state directory",
        about="Another place for `eliza.json`.",
    ),
    Variable(
        name="ELIZA_API_PORT",
        default="31337",
        about="The port of the service, and the one that commands ask.",
    ),
    Variable(name="ELIZA_PORT", default="2138", about="The second port of the service."),
    Variable(
        name="ELIZA_API_BIND",
        default="127.0.0.1",
        about=f"The address to listen on. One that is not of this machine alone demands `{names.API_TOKEN}`.",
    ),
    Variable(
        name=names.API_TOKEN,
        about="The bearer token of the API; without it one is made and kept in the state directory.",
        secret=True,
    ),
    Variable(
        name="ELIZA_ALLOWED_HOSTS",
        about="Further host names the API answers to, separated by commas.",
    ),
    Variable(
        name="ELIZA_ALLOWED_ORIGINS",
        about="Web pages that may call the API, separated by commas.",
    ),
    Variable(
        name="ELIZA_LOG_LEVEL",
        default="info",
        about="How much is logged: `debug`, `info`, `warning`, `error` or `critical`.",
    ),
    Variable(name=names.BASE_URL, about="The address of the cloud; wins over `cloud.baseUrl`."),
    Variable(
        name=names.API_KEY,
        about="An API key, used where `eliza.json` holds none.",
        secret=True,
    ),
    Variable(name=names.ENABLED, about="`true` counts like `cloud.enabled`."),
    Variable(
        name=names.ALLOW_LOOPBACK,
        about="With `1` the cloud may be at 127.0.0.0/8, ::1 or `localhost`, and over http; for development.",
    ),
    Variable(
        name="BROWSER",
        about="The program that `eliza-cloud login` opens the sign-in page with.",
        counts=Counts.EACH_COMMAND,
    ),
)
