"""Times are read as the log wrote them, and nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdoctor.formats.times import normalise, seconds


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("05-01 09:14:33", "--05-01T09:14:33"),  # vLLM: no year, no zone
        ("501 10:11:12.131415161", "--05-01T10:11:12.131415"),  # c10: the month has no leading zero
        ("1222 23:59:59.9", "--12-22T23:59:59.9"),
        ("0501 09:14:33.123456", "--05-01T09:14:33.123456"),  # glog
        ("2026-05-01T09:14:33.123456789Z", "2026-05-01T09:14:33.123456Z"),  # container runtimes
        ("2026-05-01T09:14:33+0200", "2026-05-01T09:14:33+0200"),
        ("2026-05-01 09:14:33,123", "2026-05-01T09:14:33.123"),  # Python, Ray
        ("2026-05-01_10:11:21", "2026-05-01T10:11:21"),  # torchelastic
        ("May  1 09:14:33", "--05-01T09:14:33"),  # syslog
        ("Sun Feb 23 16:24:18 2025", "2025-02-23T16:24:18"),  # dmesg -T
        ("1714550000.123456", "2024-05-01T07:53:20.123Z"),  # UCX
        ("12345.678901", None),  # uptime is no time of day
        ("yesterday", None),
        (None, None),
    ],
)
def test_normalise(written: str | None, iso: str | None) -> None:
    assert normalise(written) == iso


def test_seconds_order_times_of_one_clock() -> None:
    assert seconds("05-01 09:14:33") == (seconds("05-01 09:14:32") or 0) + 1
    assert seconds("2026-05-01T09:14:33+0200") == seconds("2026-05-01T07:14:33Z")
    assert (seconds("2026-05-01 09:14:33,5") or 0) - (seconds("2026-05-01 09:14:33") or 0) == pytest.approx(0.5)
    assert seconds("12345.678901") is None


@given(st.text(max_size=40))
def test_never_fails(text: str) -> None:
    normalise(text)
    seconds(text)
