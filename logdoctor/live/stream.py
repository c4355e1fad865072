"""Explain standard input while it is written."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from functools import partial

from logdoctor.core import Run
from logdoctor.live.screen import Screen
from logdoctor.live.tee import Tee
from logdoctor.live.watch import Interrupts, Watch
from logdoctor.model import Diagnosis
from logdoctor.rulebook import Rulebook
from logdoctor.sources import SourceError, discover
from logdoctor.sources.content import Content, standard_input

LAST_WORDS = 5.0
"""Seconds for which bytes are still passed on after the user has stopped waiting."""


def explain(
    rulebook: Rulebook,
    warn: Callable[[str, bool], None],
    screen: Screen,
    stall: float | None,
    stalled: Callable[[Diagnosis], None],
    tee: bool = False,
) -> Diagnosis:
    """The diagnosis of standard input at its end, or when the user stops waiting.

    Findings are told on ``screen`` as they become certain; where the input stalls after a failure, ``stalled`` is given
    the diagnosis so far. With ``tee`` all bytes are passed on to standard output.
    """
    run = Run(rulebook, warn)
    content: Content = Tee(sys.stdin.fileno(), "<stdin>", sys.stdout.fileno()) if tee else standard_input()
    with Interrupts() as interrupts, Watch(run, screen, stall, stalled, _hung_up) as watch:
        sources = discover(["-"], content)
        while source := interrupts.waiting(partial(next, sources, None)):
            if isinstance(source, SourceError):
                run.complain(source)
                continue
            growing, blocks = watch.open(source.name), run.until_broken(source)
            while block := interrupts.waiting(partial(next, blocks, b"")):
                watch.take(growing, block)
            watch.close(growing)
    if isinstance(content, Tee):
        content.drain(LAST_WORDS)
    return run.diagnosis()


def _hung_up() -> bool:
    """Whether nobody writes to standard input any more."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), select.POLLIN)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
