"""Sizes and times in Ollama's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.units import (
    counted,
    go_duration,
    human_age,
    human_bytes,
    human_when,
    parse_age,
    parse_bytes,
    parse_duration,
)

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(("number", "text"), [(0, "0 models"), (1, "1 model"), (2000, "2,000 models")])
def test_counted(number: int, text: str) -> None:
    assert counted(number, "model") == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (1100, "1.1 KB"),
        (1999, "2.0 KB"),
        (9_940, "9.9 KB"),
        (10_000, "10 KB"),
        (42_999, "42 KB"),
        (999_999, "999 KB"),
        (2_000_000, "2 MB"),
        (4_700_000_000, "4.7 GB"),
        (8_928_675_291, "8.9 GB"),
        (10**12, "1 TB"),
        (1 << 60, "1152921 TB"),
        ((1 << 63) - 1, "9223372 TB"),
    ],
)
def test_bytes(size: int, text: str) -> None:
    assert human_bytes(size) == text


@given(st.integers(0, 1 << 63))
def test_bytes_have_at_most_two_digits_of_precision_more_than_they_show(size: int) -> None:
    number, unit = human_bytes(size).split(" ")
    factor = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert abs(float(number) * factor - size) <= max(factor, size * 1e-9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Less than a second"),
        (0.999, "Less than a second"),
        (1, "1 second"),
        (1.9, "1 second"),
        (2, "2 seconds"),
        (59.9, "59 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE - 1, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (HOUR - 1, "59 minutes"),
        (HOUR, "About an hour"),
        (1.49 * HOUR, "About an hour"),
        (1.5 * HOUR, "2 hours"),
        (47.4 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (3 * DAY, "3 days"),
        (14 * DAY - HOUR, "13 days"),
        (14 * DAY, "2 weeks"),
        (60 * DAY - HOUR, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
        (20 * 365 * DAY, "20 years"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    assert human_age(seconds) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (-3 * DAY, "3 days ago"),
        (0, "Less than a second ago"),
        (5 * MINUTE, "5 minutes from now"),
        (20 * 365 * DAY, "20 years from now"),
        (21 * 365 * DAY, "Forever"),
    ],
)
def test_when(then: float, text: str) -> None:
    now = 1_790_000_000.0
    assert human_when(now + then, now=now) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1e-9, "1ns"),
        (999e-9, "999ns"),
        (1.5e-6, "1.5µs"),
        (63.382192e-3, "63.382192ms"),
        (0.25, "250ms"),
        (0.999999999, "999.999999ms"),
        (1, "1s"),
        (1.070681808, "1.070681808s"),
        (59.5, "59.5s"),
        (60, "1m0s"),
        (62.5, "1m2.5s"),
        (3600, "1h0m0s"),
        (90061.001, "25h1m1.001s"),
        (-1.5, "-1.5s"),
        (1e-10, "0s"),
        (-1e-10, "0s"),
    ],
)
def test_go_duration(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


@given(st.integers(0, 10**15))
def test_a_duration_is_read_as_it_was_written(nanoseconds: int) -> None:
    assert parse_duration(go_duration(nanoseconds / 1e9)) == pytest.approx(nanoseconds / 1e9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("300", 300),
        ("300B", 300),
        ("2M", 2_000_000),
        ("2mb", 2_000_000),
        ("1.5 GB", 1_500_000_000),
        ("500k", 500_000),
        ("1T", 10**12),
        *((text, None) for text in ("", "M", "-1", "1e6", "2 X", "1.M", "٣", "9" * 16, "2M ", "0x10")),
    ],
)
def test_bytes_are_read(text: str, size: int | None) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0d", 0),
        ("90s", 90),
        ("30m", 30 * MINUTE),
        ("12h", 12 * HOUR),
        ("7d", 7 * DAY),
        ("2w", 14 * DAY),
        ("999999w", 999_999 * 7 * DAY),
        *((text, None) for text in ("", "7", "d", "-1d", "+1d", "1.5d", "7 d", " 7d", "1d12h", "1y", "1000000w", "٧d")),
    ],
)
def test_ages_are_read(text: str, seconds: float | None) -> None:
    assert parse_age(text) == seconds
