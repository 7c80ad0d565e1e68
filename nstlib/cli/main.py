"""The command line: `python -m nstlib stylize PHOTO STYLE -o OUT`, and train, doctor, weights, …

`--help` has to answer at once: the rooms of nstlib that the commands import load their modules
when they are used. Exit codes: 0 done, 1 the work failed (why is on the error stream), 2 the
command line was wrong, 130 Ctrl-C.
"""

import argparse
import os
import sys
import warnings

from nstlib import __version__
from nstlib.cli import (
    compare,
    doctor,
    export,
    folder,
    styles,
    stylize,
    texture,
    train,
    video,
    weights,
)
from nstlib.cli.help import Help, speak
from nstlib.errors import NstError
from nstlib.words import _

# Each has run(args), which returns the exit code, or None for 0, and add_options(parser) if it has
# options. The first line of its docstring, from the colon on, is its help.
COMMANDS = (stylize, train, folder, video, texture, compare, export, doctor, weights, styles)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code, or raises SystemExit for --help and wrong usage."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter is no reason to fail
        if hasattr(stream, "reconfigure"):  # in a notebook it cannot
            stream.reconfigure(errors="replace")
    speak()
    args = build_parser().parse_args(argv)
    if args.quiet:
        os.environ["NST_PROGRESS"] = "0"
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_note
            return args.run(args) or 0
    except KeyboardInterrupt:
        return _fail(_("stopped by Ctrl-C; {then}").format(then=_(args.when_stopped)), 130)
    except NstError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        mend = _("Install what requirements.txt lists, then: python -m nstlib doctor")
        return _fail(f"{error}. {mend}")
    except Exception as error:  # a bug, or a failure of the machine: one line is enough for most
        reason = (str(error).strip() or _("no reason given")).splitlines()[0]
        more = _("(NSTLIB_DEBUG=1 shows the traceback)")
        return _fail(f"{type(error).__name__}: {reason} {more}")


def build_parser() -> argparse.ArgumentParser:
    about = _("Neural style transfer in Keras: paint a photo in the manner of a painting.")
    example = _("Example: nstlib stylize great_wall starry_night -o painting.jpg")
    parser = argparse.ArgumentParser("nstlib", None, about, example, formatter_class=Help)
    parser.add_argument("--version", action="version", version=f"nstlib {__version__}")
    parser.set_defaults(quiet=False, when_stopped="nothing was saved")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        summary = (module.__doc__ or "").partition("\n")[0]  # `python -OO` takes docstrings away
        command = commands.add_parser(name, help=summary.partition(": ")[2], formatter_class=Help)
        command.set_defaults(run=module.run, usage_error=command.error)
        if hasattr(module, "add_options"):
            module.add_options(command)
    return parser


def _fail(message: str, code: int = 1) -> int:
    if os.environ.get("NSTLIB_DEBUG") == "1":
        raise  # the error that is being handled
    print(f"nstlib: {message}", file=sys.stderr)
    return code


def _show_note(message, *where) -> None:
    """Warnings on the command line: the sentence, without the line of code that raised it."""
    print(_("nstlib: note: {message}").format(message=message), file=sys.stderr)
