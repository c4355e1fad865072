"""Exact tests for counts, and corrections for many of them. No approximation: the counts are small."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma

Distribution = Sequence[float]
"""Probabilities of 0, 1, 2, ..."""


def hypergeometric(population: int, marked: int, drawn: int) -> list[float]:
    """How many marked ones are among those drawn, without putting back: the null of Fisher's exact test."""
    least, most = max(0, drawn + marked - population), min(drawn, marked)
    whole = _choices(population, drawn)
    found = range(least, most + 1)
    chances = [exp(_choices(marked, k) + _choices(population - marked, drawn - k) - whole) for k in found]
    return [0.0] * least + chances


def _choices(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def at_least(parts: Sequence[Distribution], observed: int) -> float:
    """The probability that independent counts add up to at least so many.

    Of Bernoulli parts (``[1 - p, p]``) this is the tail of the Poisson binomial distribution. Only positive numbers
    are added, so that small probabilities are as exact as large ones.
    """
    if observed <= 0:
        return 1.0
    state = [1.0] + [0.0] * observed  # the last: so many or more
    for part in parts:
        after = [0.0] * (observed + 1)
        for have, chance in enumerate(state):
            if chance:
                for more, probability in enumerate(part):
                    after[min(observed, have + more)] += chance * probability
        state = after
    return min(1.0, state[observed])


def fisher(with_both: int, with_first: int, with_second: int, whole: int) -> float:
    """The one-sided p-value that two properties of ``whole`` things occur together at least so often by chance, given
    how often each occurs."""
    return at_least([hypergeometric(whole, with_first, with_second)], with_both)


def holm(p_values: Sequence[float], tests: int) -> list[float]:
    """The p-values corrected for so many tests, those given included: the chance of one false claim or more stays
    below the level, whatever depends on what. Others than those given count as 1."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (tests - place) * p_values[index]))
        corrected[index] = highest
    return corrected


def benjamini_hochberg(p_values: Sequence[float], tests: int) -> list[float]:
    """The p-values corrected for so many tests: of the claims at a level, that share is false on average."""
    corrected = [0.0] * len(p_values)
    lowest = 1.0
    by_size = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, index in reversed(list(enumerate(by_size, 1))):
        lowest = min(lowest, p_values[index] * tests / place)
        corrected[index] = lowest
    return corrected
