"""`eliza-cloud disconnect`, also as `logout`: close the link and sign out (architecture: Closing)."""

import click

from eliza_cloud.cli.decorators import Invocation, service_command


@click.command()
@service_command
def disconnect(call: Invocation) -> None:
    """Close the link and sign out.

    A final backup is taken, and the key is removed from this machine.
    """
    body = call.post_and_wait("/api/cloud/disconnect", words="Disconnecting")
    if left := body.get("keyLeftIn"):
        places = " and ".join(map(str, left))
        words = f"✓ Disconnected. The key is still in {places}, and ignored there; remove it by hand."
    else:
        words = "✓ Disconnected: the link is closed, and the key is removed from this machine."
    call.answer(body, words)


logout = click.Command(
    "logout",
    callback=disconnect.callback,
    params=disconnect.params,
    help="Sign out: the same as `disconnect`.",
)
