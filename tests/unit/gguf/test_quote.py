from packllama.gguf.quote import quoted


def test_names_are_shown_whole_unless_they_are_long() -> None:
    assert quoted("blk.0.attn_q.weight") == '"blk.0.attn_q.weight"'
    assert quoted("x" * 120) == '"' + "x" * 120 + '"'
    assert quoted("x" * 65_535) == '"' + "x" * 120 + '…"'
