"""`printf`: the grammar of its formats, and what Go writes for mistakes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.template.budget import Budget, OverBudget
from packllama.template.printf import sprintf
from packllama.template.values import Value, encoded


@pytest.mark.parametrize(
    ("template", "operands", "expected"),
    [
        ("100%%|%5%|%-5%|%.3%", [], "100%|%|%|%"),
        ("%d %d", [1], "1 %!d(MISSING)"),
        ("%d", [1, "b", None, 2.5, [1]], "1%!(EXTRA string=b, <nil>, float64=2.5, []interface {}=[1])"),
        ("50%", [], "50%!(NOVERB)"),
        ("%", [], "%!(NOVERB)"),
        ("%!", [], "%!!(MISSING)"),
        ("%-", [], "%!(NOVERB)"),
        ("%5", [], "%!(NOVERB)"),
        ("%.", [], "%!.(MISSING)"),
        ("%.2", [], "%!(NOVERB)"),
        ("%[2]s %[1]s %[2]d", ["a", "b"], "b a %!d(string=b)"),
        ("%[1]s-%[1]q-%[1]v", ["a"], 'a-"a"-a'),
        ("%[3]d|%[0]d|%[x]d|%[1]|%[", [1], "%!d(BADINDEX)|%!d(BADINDEX)|%!d(BADINDEX)|%!|(int=1)%!(NOVERB)"),
        ("%[1]d %d", [1, 2], "1 2"),
        ("%[2]*[1]d|%[3]*.[2]*[1]f", [5.0, 2, 6], "%!d(float64= 5)|  5.00"),
        ("%*d|%-*d|%*d|%.*f", [5, 42, 5, 42, -5, 42, 2, 3.14159], "   42|42   |42   |3.14"),
        (
            "%*d|%*d|%.*d|%.*d",
            ["x", 5, 1000001, 5, -1, 5, "y", 5],
            "%!(BADWIDTH)5|%!(BADWIDTH)5|%!(BADPREC)5|%!(BADPREC)5",
        ),
        ("%[1]*d", [1], "%!d(MISSING)"),
        ("%[2]3d|%[1].2d|%.[1]3d", [1, 2], "%!d(BADINDEX)|%!d(BADINDEX)|001"),
        ("%*", [], "%!(BADWIDTH)%!(NOVERB)"),
        ("%.*f", [1], "%!f(MISSING)"),
        ("%1000001d", [], "%!d(MISSING)"),
        ("%99999999d|%d", [1, 2], "%!(NOVERB)%!(EXTRA int=1, int=2)"),
        ("%[99999999]d|%d", [1, 2], "%!d(BADINDEX)|1"),
        ("%z %!", ["x"], "%!z(string=x) %!!(MISSING)"),
        ("%+-# 05d", [3], "+3   "),
        ("%6.2f%%", [99.5], " 99.50%"),
        ("\xe9%d\udcff", [1], "\xe91\udcff"),
        ("%[1]d%[1", [1], "1%!(NOVERB)"),
        ("%[]d", [1], "%!d(BADINDEX)"),
        ("%s %[1]s %s", ["a", "b"], "a a b"),
        ("no verbs", [], "no verbs"),
        ("%s%s", ["\udcc3", "\udca9"], "\xe9"),
    ],
)
def test_formats(template: str, operands: list[Value], expected: str) -> None:
    assert sprintf(template, operands, Budget()) == expected


@pytest.mark.parametrize("template", ["%1000000v", "%-1000000v", "%1000000T", "%+1000000v"])
@pytest.mark.parametrize("value", [1.5, None, "x", [1]])
def test_widths_are_bounded_before_they_are_written(template: str, value: Value) -> None:
    with pytest.raises(OverBudget):
        sprintf(template, [value], Budget(size=900_000))


def test_many_directives_cost_steps() -> None:
    with pytest.raises(OverBudget, match="steps"):
        sprintf("%[" * 1_000_000, [], Budget())


VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.text(alphabet="%[]*.0123456789-+# vsdqxeé", max_size=20), st.lists(VALUES, max_size=3))
def test_every_format_writes_something_for_every_value(template: str, operands: list[Value]) -> None:
    budget = Budget(size=1 << 20)
    with contextlib.suppress(OverBudget):
        assert len(encoded(sprintf(template, operands, budget))) <= Budget().bytes_left
