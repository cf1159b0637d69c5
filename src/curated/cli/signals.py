"""Signals that end a command: it cleans up, and its exit status is 128 and the signal's number."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any, NoReturn

NAMES = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "the terminal was closed",
}
"""Signals that end a command, with the message."""


class Stop(BaseException):
    """A signal that ends the command; not an `Exception`, so that nothing but cleaning up happens on the way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def handle_signals() -> None:
    """Let signals raise `Stop`, unless they are ignored, as ``nohup`` has it."""
    if threading.current_thread() is not threading.main_thread():
        return  # of a program that has its own handlers
    for number in NAMES:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    # Python goes on after an exception where none can be raised, such as in the removal of an object.
    sys.unraisablehook = _raise_later


def ignore_signals() -> None:
    """Let nothing disturb the end of the process; it takes a moment."""
    for number in NAMES:
        # Not SIG_IGN: Python complains about a signal that has arrived and is not handled yet.
        signal.signal(number, _ignore)


def _ignore(_: int, __: Any) -> None:
    """Do nothing."""


def _stop(number: int, _: Any) -> NoReturn:
    ignore_signals()  # cleaning up takes a moment; a second signal would leave it half done
    raise Stop(number)


def _raise_later(unraisable: Any) -> None:
    if isinstance(unraisable.exc_value, Stop):
        number = unraisable.exc_value.number
        signal.signal(number, _stop)
        # Raised here it would be lost again.
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
    else:
        sys.__unraisablehook__(unraisable)
