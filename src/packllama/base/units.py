"""Sizes and times: written as Ollama's command line writes them, durations read and written as Go does."""

import re

_BYTE_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB"))

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def human_bytes(size: int) -> str:
    """Decimal units: from 10 on cut to an integer, below with one decimal unless it is whole."""
    for unit, name in _BYTE_UNITS:
        if size >= unit:
            value = size / unit
            if value >= 10:
                return f"{int(value)} {name}"
            return f"{value:.0f} {name}" if value == int(value) else f"{value:.1f} {name}"
    return f"{size} B"


_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([KMGT]?)B?", re.ASCII | re.IGNORECASE)


def parse_bytes(text: str) -> int | None:
    """A number of bytes, in the units of `human_bytes`: ``2M``, ``1.5 GB``, ``300``; None if it is none."""
    match = _SIZE.fullmatch(text)
    if not match:
        return None
    number, letter = match.groups()
    return round(float(number) * float(1000 ** " KMGT".index(letter.upper() or " ")))


def human_age(seconds: float) -> str:
    """How long something takes or has been: ``3 days``. Seconds and minutes are cut, hours rounded."""
    whole = int(seconds)
    hours = int(seconds / _HOUR + 0.5)
    for small_enough, text in (
        (whole < 1, "Less than a second"),
        (whole == 1, "1 second"),
        (whole < _MINUTE, f"{whole} seconds"),
        (whole < 2 * _MINUTE, "About a minute"),
        (whole < _HOUR, f"{whole // _MINUTE} minutes"),
        (hours == 1, "About an hour"),
        (hours < 48, f"{hours} hours"),
        (hours < 24 * 14, f"{hours // 24} days"),
        (hours < 24 * 60, f"{hours // (24 * 7)} weeks"),
        (hours < 24 * 730, f"{hours // (24 * 30)} months"),
    ):
        if small_enough:
            return text
    return f"{whole // (365 * _DAY)} years"


def human_when(then: float, *, now: float) -> str:
    """A time in seconds since the epoch, seen from another: ``3 days ago``, ``5 minutes from now``."""
    if then > now + 20 * 365 * _DAY:
        return "Forever"
    return f"{human_age(then - now)} from now" if then > now else f"{human_age(now - then)} ago"


def counted(number: int, noun: str) -> str:
    """``1 model``, ``2,000 models``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_AGE = re.compile(r"(\d{1,6})([smhdw])|0", re.ASCII)
_AGE_UNITS = {"s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}


def parse_age(text: str) -> float | None:
    """Seconds in an age of one number: ``30m``, ``12h``, ``7d``, ``2w``, ``0``; None if it is none."""
    match = _AGE.fullmatch(text)
    if not match:
        return None
    number, unit = match.groups(default="")
    return float(int(number or 0) * _AGE_UNITS.get(unit, 0))


def go_duration(seconds: float) -> str:
    """A time as Go prints it: ``1.070681808s``, ``63.382192ms``, ``1m2.5s``, ``1h0m0s``."""
    nanoseconds = round(abs(seconds) * 1e9)
    sign = "-" if seconds < 0 and nanoseconds else ""
    for size, unit in ((1, "ns"), (10**3, "µs"), (10**6, "ms")):
        if 0 < nanoseconds < 1000 * size:
            return sign + _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, _MINUTE * 10**9)
    hours, minutes = divmod(minutes, 60)
    above = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{above}{_decimal(rest, 10**9)}s"


def _decimal(number: int, size: int) -> str:
    """``number / size``, exact; ``size`` is a power of ten."""
    whole, part = divmod(number, size)
    digits = f"{size + part}"[1:].rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str) -> float | None:
    """Seconds in a Go duration (``5m``, ``1h30m``, ``-1s``) or a bare number of seconds; None if it is neither."""
    sign = -1.0 if text.startswith("-") else 1.0
    body = text.removeprefix("-").removeprefix("+")
    if re.fullmatch(r"\d{1,12}", body, re.ASCII):
        return sign * int(body)
    parts = _GO_PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        return None
    return sign * sum(float(number) * _GO_UNITS[unit] for number, unit in parts)
