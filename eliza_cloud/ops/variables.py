"""The variables of the service as they may be shown."""

from collections.abc import Mapping

from eliza_cloud.routing.config.settings import VARIABLES, is_showable
from eliza_cloud.store.config.env import value_of

SET = "[set]"
HIDDEN = "[not shown]"


def variables_set(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set; of a secret only that it is, and nothing that may hold one."""
    found = {variable: value_of(environ, variable.name) for variable in VARIABLES}
    return {
        variable.name: SET if variable.secret else value if is_showable(value) else HIDDEN
        for variable, value in found.items()
        if value is not None
    }
