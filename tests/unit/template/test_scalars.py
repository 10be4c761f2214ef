"""Single values for each verb, through `printf`, as templates reach them. What is expected, Go wrote."""

import pytest

from packllama.template.budget import Budget
from packllama.template.printf import sprintf
from packllama.template.values import Byte, Uint, Value


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%d", 1, "1"),
        ("%+d", 2, "+2"),
        ("% d", 3, " 3"),
        ("%5d", 4, "    4"),
        ("%-5d", 5, "5    "),
        ("%05d", -6, "-0006"),
        ("%.5d", 42, "00042"),
        ("%8.3d", -7, "    -007"),
        ("%08.3d", 7, "     007"),
        ("%.0d", 0, ""),
        ("%3.0d", 0, "   "),
        ("%b", 5, "101"),
        ("%#b", -5, "-0b101"),
        ("%o", 8, "10"),
        ("%#o", 8, "010"),
        ("%O", 8, "0o10"),
        ("%#O", 8, "0o010"),
        ("%#o", 0, "0"),
        ("%x", 255, "ff"),
        ("%X", 255, "FF"),
        ("%#x", 255, "0xff"),
        ("%#08X", 255, "0X000000FF"),
        ("%+x", 255, "+ff"),
        ("%c", 97, "a"),
        ("%c", 128512, "\U0001f600"),
        ("%5c", 233, "    \xe9"),
        ("%c", 55296, "\ufffd"),
        ("%c", -1, "\ufffd"),
        ("%q", 97, "'a'"),
        ("%+q", 233, "'\\u00e9'"),
        ("%q", 39, "'\\''"),
        ("%q", 10, "'\\n'"),
        ("%q", 1114112, "'\ufffd'"),
        ("%q", 34, "'\"'"),
        ("%U", 65, "U+0041"),
        ("%#U", 128512, "U+1F600 '\U0001f600'"),
        ("%#U", 7, "U+0007"),
        ("%.8U", 65, "U+00000041"),
        ("%10U", 65, "    U+0041"),
        ("%U", -1, "U+FFFFFFFFFFFFFFFF"),
        ("%v", Uint(18446744073709551615), "18446744073709551615"),
        ("%#v", Byte(10), "0xa"),
        ("%#4v", Byte(10), " 0xa"),
        ("%#v", 7, "7"),
        ("%s", 1, "%!s(int=1)"),
        ("%f", Byte(1), "%!f(uint8=1)"),
        ("%t", Uint(1), "%!t(uint64=1)"),
        ("%d", -9223372036854775808, "-9223372036854775808"),
        ("%x", -9223372036854775808, "-8000000000000000"),
    ],
)
def test_integers(form: str, value: Value, expected: str) -> None:
    assert sprintf(form, [value], Budget()) == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%s", "ab", "ab"),
        ("%5s", "ab", "   ab"),
        ("%-5s", "ab", "ab   "),
        ("%05s", "ab", "000ab"),
        ("%.1s", "\xe9a", "\xe9"),
        ("%5.1s", "ab", "    a"),
        ("%.0s", "ab", ""),
        ("%4s", "\u65e5\u672c", "  \u65e5\u672c"),
        ("%-3s", "\xe9", "\xe9  "),
        ("%q", 'a"b\\\n\xe9\U0001f600', '"a\\"b\\\\\\n\xe9\U0001f600"'),
        ("%+q", "\xe9\U0001f600", '"\\u00e9\\U0001f600"'),
        ("%#q", "a`b", '"a`b"'),
        ("%#q", "a\tb", "`a\tb`"),
        ("%+#q", "\xe9", "`\xe9`"),
        (
            "%q",
            "\x00\x07\x08\x0b\x0c\r\x1b\x7f\xa0\u2028\ufeff\ufffd\udcff\U000e0001",
            '"\\x00\\a\\b\\v\\f\\r\\x1b\\x7f\\u00a0\\u2028\\ufeff\ufffd\\xff\\U000e0001"',
        ),
        ("%#q", "\x7f", '"\\x7f"'),
        ("%#q", "\ufeff", '"\\ufeff"'),
        ("%#q", "\udcff", '"\\xff"'),
        ("%x", "hi", "6869"),
        ("%X", "hi\xe9", "6869C3A9"),
        ("% x", "hi", "68 69"),
        ("%#x", "hi", "0x6869"),
        ("%# X", "hi", "0X68 0X69"),
        ("%8x", "hi", "    6869"),
        ("%-8x", "hi", "6869    "),
        ("%08x", "hi", "00006869"),
        ("%.1x", "hi", "68"),
        ("%#x", "", ""),
        ("%.2q", "\xe9ab", '"\xe9a"'),
        ("%8q", "a", '     "a"'),
        ("%-8q", "a", '"a"     '),
        ("%.3s", "a\udce9b\udcff", "a\udce9b"),
        ("%5s", "\udcff", "    \udcff"),
        ("%x", "\udcff", "ff"),
        ("%d", "x", "%!d(string=x)"),
        ("%t", "x", "%!t(string=x)"),
        ("%z", "x", "%!z(string=x)"),
        ("%\xe9", "x", "%!\xe9(string=x)"),
        ("%\udcff", "x", "%!\ufffd(string=x)"),
        ("%v", "a", "a"),
        ("%+v", "a", "a"),
        ("%#v", 'a"', '"a\\""'),
        ("%10v", "a", "         a"),
    ],
)
def test_texts(form: str, value: Value, expected: str) -> None:
    assert sprintf(form, [value], Budget()) == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%t", True, "true"),
        ("%v", False, "false"),
        ("%6t", True, "  true"),
        ("%-6t", True, "true  "),
        ("%06t", True, "00true"),
        ("%q", True, "%!q(bool=true)"),
        ("%d", False, "%!d(bool=false)"),
    ],
)
def test_booleans(form: str, value: Value, expected: str) -> None:
    assert sprintf(form, [value], Budget()) == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%v", b"hi", "[104 105]"),
        ("%d", b"hi", "[104 105]"),
        ("%s", b"hi", "hi"),
        ("%q", b"hi", '"hi"'),
        ("%x", b"hi", "6869"),
        ("% X", b"hi", "68 69"),
        ("%#v", b"hi", "api.ImageData{0x68, 0x69}"),
        ("%T", b"hi", "api.ImageData"),
        ("%c", b"hi", "[h i]"),
        ("%03d", b"hi", "[104 105]"),
        ("%t", b"h", "[%!t(uint8=104)]"),
    ],
)
def test_bytes(form: str, value: Value, expected: str) -> None:
    assert sprintf(form, [value], Budget()) == expected
