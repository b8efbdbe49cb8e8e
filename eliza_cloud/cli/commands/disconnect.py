"""`eliza-cloud disconnect`, also as `logout`: close the link and sign out (architecture: Closing)."""

import click

from eliza_cloud.cli.decorators import Invocation, service_command

_DONE = "✓ Disconnected: the link is closed, and the key is removed from this machine."


@click.command()
@click.option("--keep-key", is_flag=True, help="Leave the key valid at Eliza Cloud.")
@service_command
def disconnect(call: Invocation, *, keep_key: bool) -> None:
    """Close the link and sign out.

    A final backup is taken, and the key is removed from this machine. A key that `eliza-cloud login` obtained
    is revoked at Eliza Cloud; one that was given, in eliza.json or the environment, is not.
    """
    options = {"keepKey": True} if keep_key else None
    body = call.post_and_wait("/api/cloud/disconnect", options, words="Disconnecting")
    about_key = "It is revoked at Eliza Cloud." if body.get("keyRevoked") else str(body.get("keyNote") or "")
    done = _DONE
    if left := body.get("keyLeftIn"):
        places = " and ".join(map(str, left))
        done = f"✓ Disconnected. The key is still in {places}, and ignored there; remove it by hand."
    call.answer(body, f"{done} {about_key}".rstrip())


logout = click.Command(
    "logout",
    callback=disconnect.callback,
    params=disconnect.params,
    help="Sign out: the same as `disconnect`.",
)
