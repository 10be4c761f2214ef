"""The program: global options, the table of verbs, signals, and the exit status of every error."""

import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click

from packllama import __version__
from packllama.base.errors import Cancelled, from_os_error
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.cli.door import Door
from packllama.cli.failure import fail, report
from packllama.cli.options import PlacePath

# Verb, module, one-line help. In the order of the help.
VERBS = {
    "create": ("create", "Build a model from a Modelfile"),
    "init": ("init", "Write a Modelfile for a GGUF, saying where each line comes from"),
    "lint": ("lint", "Say what in a Modelfile would go wrong later"),
    "inspect": ("inspect", "Show what is inside a GGUF, a manifest or a bundle"),
    "run": ("run", "Answer a prompt with a model"),
    "list": ("list", "List the models in the store"),
    "show": ("show", "Show a model"),
    "files": ("files", "Print the files a model consists of, for cp, rsync or tar"),
    "cp": ("cp", "Give a model a second name"),
    "rm": ("rm", "Remove models and the data nobody else uses"),
    "export": ("export", "Pack models into one file, or a stream"),
    "import": ("import_", "Take models from bundles, a stream, other stores, or downloads"),
    "copy": ("copy", "Copy models between any two places"),
    "links": ("links", "Print direct links for any download manager"),
    "page": ("page", "Write the link page: one HTML file that makes links and checks downloads"),
    "pull": ("pull", "Download models into the store"),
    "key": ("key", "Show the key by which registries know this machine, or make one"),
    "verify": ("verify", "Read every byte and say what is damaged"),
    "repair": ("repair", "Fetch again what is damaged, and only that"),
    "prune": ("prune", "Remove what nobody needs: leftovers, old unfinished work"),
    "doctor": ("doctor", "Say what on this machine will work and what will not"),
    "prove": ("prove", "Verify, load and answer once; write a receipt"),
}
ALIASES = {"ls": "list", "save": "export", "load": "import", "urls": "links", "download": "pull", "check": "verify"}

# The variable that click makes of the program's name.
_COMPLETION = "_PACKLLAMA_COMPLETE"


class Verbs(click.Group):
    """Commands that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = ALIASES.get(cmd_name, cmd_name)
        if verb not in VERBS:
            return None
        command = importlib.import_module(f"packllama.cli.{VERBS[verb][0]}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--store", type=PlacePath(path_type=Path), help="The store to work in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("-q", "--quiet", is_flag=True, help="No talk on stderr, only errors.")
@click.option("-v", "--verbose", count=True, help="Log more; twice: much more.")
@click.option("--log-file", type=PlacePath(path_type=Path), help="Write the log to this file.")
@click.version_option(__version__, message="packllama version %(version)s")
@click.pass_context
def program(
    context: click.Context, store: Path | None, as_json: bool, quiet: bool, verbose: int, log_file: Path | None
) -> None:
    """Language models for machines without a network: build, list, run, in Ollama's own store, without Ollama."""
    door = context.ensure_object(Door)
    door.store_flag = store
    door.as_json = as_json
    door.quiet = quiet
    _log(verbose, log_file)


def entry() -> None:
    """Run the program on the process's arguments and end the process."""
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A Modelfile or a path comes out with its own bytes, in any locale.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    status = main(sys.argv[1:])
    # The interpreter would look through all that is left before it ends, for a tenth of a short run.
    gc.freeze()
    sys.exit(status)


def _open_what_is_closed() -> None:
    """A closed stdin, stdout or stderr leads nowhere, instead of to the next file that is opened."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def main(arguments: list[str]) -> int:
    """Run the program. Returns the exit status."""
    door = Door(Settings.read(os.environ), Stop(), as_json="--json" in arguments)
    caught = _catch_signals(door.stop)
    if _COMPLETION in os.environ:
        # A shell asks what could be typed here. Click answers it and ends the process.
        from packllama.cli import bash

        bash.register()
    try:
        status = program.main(arguments, prog_name="packllama", standalone_mode=False, obj=door)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except Cancelled as error:
        report(error, as_json=door.as_json, published=door.published)
        return 128 + (caught() or signal.SIGINT)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        # A --json behind the word that could not be understood was not read yet.
        return fail(error, as_json="--json" in arguments)
    except BaseException as error:  # noqa: BLE001 - the door turns everything into a sentence
        return fail(error, as_json=door.as_json, published=door.published)
    # A verb whose answer can be no returns its status.
    return status if isinstance(status, int) else 0


def _catch_signals(stop: Stop) -> Callable[[], int | None]:
    """The first SIGINT, SIGTERM or SIGHUP asks the work to stop, a second one interrupts whatever it is in."""
    caught: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    # Under nohup it is not to be heard.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, handle)
    return lambda: caught[0] if caught else None


def _log(verbose: int, log_file: Path | None) -> None:
    if not verbose and log_file is None:
        return
    import logging

    level = logging.DEBUG if verbose != 1 else logging.INFO
    form = "%(asctime)s %(name)s %(levelname)s %(message)s"
    try:
        logging.basicConfig(filename=log_file, level=level, format=form, force=True)
    except OSError as error:
        raise from_os_error(error, doing="opening the log", where=log_file or "") from error
    # It would log whole links, and those of a storage are secrets for as long as they last.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
