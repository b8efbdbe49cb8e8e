"""What the running service was started with: its paths, its address of the cloud, its variables."""

import os
from importlib.metadata import version

import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import ENVIRON, MANAGER
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.openapi.error_examples import NOT_STORED
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import Ok
from eliza_cloud.ops.variables import variables_set
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import state_paths


class InstallationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is in force since the start; `baseUrl` is null for one that is refused.

    `variables` holds those of the service that are set; of a secret only that it is.
    """

    ok: Ok = True
    version: str
    process: int
    state_directory: str
    config_file: str
    base_url: str | None
    variables: dict[str, str]


INSTALLATION = Operation(
    id="getInstallation",
    group="Status",
    summary="What the service was started with",
    about="Its paths, its address of the cloud and its variables, which may differ from those of the shell"
    " that asks. The values of secrets are not in it.",
    answers=(
        SuccessResponse(
            200,
            "What is in force since the start.",
            InstallationView,
            InstallationView(
                version="0.1.0",
                process=4711,
                state_directory="/var/lib/eliza-cloud",
                config_file="/var/lib/eliza-cloud/eliza.json",
                base_url="https://www.elizacloud.ai",
                variables={"ELIZA_API_TOKEN": "[set]", "ELIZA_STATE_DIR": "/var/lib/eliza-cloud"},
            ),
        ),
    ),
    errors=NOT_STORED,
)


async def installation(request: web.Request) -> web.Response:
    """GET /api/cloud/installation: the cloud is not asked, and no file is read."""
    environ = request.app[ENVIRON]
    try:
        paths = state_paths(environ)
    except StoreError as error:
        raise RequestError(error.problem) from None
    configured = request.app[MANAGER].configured_base_url
    return answer(
        InstallationView(
            version=version("eliza-cloud"),
            process=os.getpid(),
            state_directory=str(paths.directory),
            config_file=str(paths.config),
            base_url=None if configured is None else str(configured),
            variables=variables_set(environ),
        )
    )
