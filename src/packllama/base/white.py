"""White space as Go counts it."""

# What Go's strings.TrimSpace trims. Python's own list has four control characters more.
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
