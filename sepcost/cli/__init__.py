"""The border to the command line: parse, call, write, exit."""

import gc
import signal
import sys
from types import FrameType

ENDING = ("SIGTERM", "SIGHUP")
"""Signals that end a process which would leave half-written files behind."""

RARELY = 1_000_000
"""Large configs make millions of objects, hardly any of them in a cycle: looking for cycles took half of the time."""


class EndedError(BaseException):
    """The process received a signal to end: what was opened is closed and cleaned up."""


def main() -> None:
    """Run the command on the process's arguments, and exit with its code."""
    gc.set_threshold(RARELY)
    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        from sepcost.cli.app import run  # here, so that an interruption while modules load prints nothing either
        from sepcost.guests.own_process import own_process

        with own_process():
            code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except EndedError as ended:
        code = 128 + ended.args[0]
    gc.freeze()  # the process ends anyway: to look for cycles took an eighth of a small run
    sys.exit(code)


def _end(number: int, frame: FrameType | None) -> None:
    raise EndedError(number)
