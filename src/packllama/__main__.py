"""Where the program begins: ``packllama``, ``python -m packllama``, ``packllama.pyz``."""

import signal


def main() -> None:
    """Run the program on the process's arguments and end the process."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # While the program is being loaded a Ctrl-C just ends it, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from packllama.cli.main import entry  # noqa: PLC0415

    entry()


if __name__ == "__main__":
    main()
