"""The verb `completion`: what makes a shell complete verbs, options and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from miler.cli_options import OK

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete


@click.command(short_help="Print what makes a shell complete miler's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes a shell complete verbs, options and paths.

    Bash and zsh take it with `eval "$(miler completion bash)"` in ~/.bashrc, `eval "$(miler completion
    zsh)"` in ~/.zshrc; fish from a file: `miler completion fish > ~/.config/fish/completions/miler.fish`.
    """
    click.echo(_completer(context.find_root(), shell).source())
    return OK


def _completer(root: click.Context, shell: str) -> ShellComplete:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    return kind(root.command, {}, "miler", "_MILER_COMPLETE")
