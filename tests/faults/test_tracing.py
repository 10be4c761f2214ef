"""What counts as a point."""

import pytest

from tests.faults.tracing import points_in


@pytest.mark.parametrize(
    ("log", "points"),
    [
        ('7 rename("/here/a", "/here/b") = 0', ["rename:1"]),
        ('7 rename("/else/a", "/else/b") = 0\n7 rename("/here/a", "/here/b") = 0', ["rename:2"]),
        ('7 unlinkat(3</here/store>, "a", 0) = 0', ["unlinkat:1"]),
        ('7 rmdir("relative") = 0', ["rmdir:1"]),
        ("7 read(0<pipe:[12]>, 0x7f00, 512) = 10", ["read:1"]),
        # Fails by itself.
        ('7 mkdir("/here/a", 0755) = -1 EEXIST (File exists)', []),
        # Creates nothing.
        ('7 openat(AT_FDCWD</here>, "a", O_RDONLY) = 3</here/a>', []),
        ('7 openat(AT_FDCWD</here>, "a", O_WRONLY|O_CREAT, 0666) = 3</here/a>', ["openat:1"]),
        # Each thread counts for itself, and a number that two of them reach is one point.
        ('7 write(3</here/a>, "x", 1) = 1\n8 write(4</here/b>, "x", 1) = 1', ["write:1"]),
        ('7 write(1</dev/null>, "x", 1) = 1\n8 write(4</here/b>, "x", 1) = 1', ["write:1"]),
        (
            '7 write(3</here/a>, "x", 1) = 1\n8 write(4</here/b>, "x", 1) = 1\n8 write(4</here/b>, "y", 1) = 1',
            ["write:1", "write:2"],
        ),
        # Another thread's call stands between the beginning and the end of one.
        ("7 fsync(3</here/a> <unfinished ...>\n8 fsync(4</else>) = 0\n7 <... fsync resumed>) = 0", ["fsync:1"]),
        ("7 fsync(3</here/a> <unfinished ...>\n8 fsync(4</else>) = 0\n7 <... fsync resumed>) = -1 EIO (…)", []),
        ("7 --- SIGCHLD {si_signo=SIGCHLD} ---\n7 +++ exited with 0 +++", []),
    ],
)
def test_points(log: str, points: list[str]) -> None:
    assert [str(point) for point in points_in(log, "/here")] == points
