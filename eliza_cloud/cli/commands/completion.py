"""`eliza-cloud completion`: the script by which a shell completes our commands, options and agents."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from eliza_cloud.cli.param_types import Choice

NAME = "eliza-cloud"
VARIABLE = "_ELIZA_CLOUD_COMPLETE"
"""What the script sets when it asks for completions; click derives it from the name."""
PLACES = {
    "bash": "~/.local/share/bash-completion/completions/eliza-cloud",
    "zsh": '"${fpath[1]}/_eliza-cloud"',
    "fish": "~/.config/fish/completions/eliza-cloud.fish",
}


@click.command()
@click.argument("shell", type=Choice(list(PLACES)))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that makes a shell complete eliza-cloud.

    Install it once, for bash (4.4 or newer, with the package bash-completion), zsh or fish:

    \b
      eliza-cloud completion bash > ~/.local/share/bash-completion/completions/eliza-cloud
      eliza-cloud completion zsh > "${fpath[1]}/_eliza-cloud"
      eliza-cloud completion fish > ~/.config/fish/completions/eliza-cloud.fish

    or, for the shell you are in, bash or zsh:

    \b
      source <(eliza-cloud completion bash)

    The names of agents are asked of the service on this machine, where one is running.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"Unsupported shell: {shell}.")
    script = ShellComplete.source(kind(ctx.find_root().command, {}, NAME, VARIABLE))
    click.echo(f"{script.strip()}\n\n# To keep it: {NAME} completion {shell} > {PLACES[shell]}")
