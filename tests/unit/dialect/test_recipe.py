"""How tensors get their new names."""

import pytest

from packllama.dialect.recipe import Rename


@pytest.mark.parametrize(
    ("rename", "name", "found"),
    [
        (Rename("attn_out", "attn_output"), "blk.0.attn_out.weight", "blk.0.attn_output.weight"),
        (Rename("attn_out", "attn_output"), "blk.0.attn_output.weight", "blk.0.attn_output.weight"),
        (Rename("attn_out", "attn_output"), "blk.0.my_attn_out.weight", "blk.0.my_attn_out.weight"),
        (Rename("sinks$", "sinks.weight"), "blk.0.sinks", "blk.0.sinks.weight"),
        (Rename("sinks$", "sinks.weight"), "blk.0.sinks.weight", "blk.0.sinks.weight"),
        (Rename("^s", "v.sam"), "s.blk.0.s", "v.sam.blk.0.s"),
        (Rename("^s", "v.sam"), "v.s.x", "v.s.x"),
        (Rename("^norm.weight$", "output_norm.weight"), "norm.weight", "output_norm.weight"),
        (Rename("^norm.weight$", "output_norm.weight"), "norm_weight", "norm_weight"),
        (Rename("mlp.fc1", "ffn_up"), "v.blk.0.mlp.fc1.bias", "v.blk.0.ffn_up.bias"),
        (Rename("ln1", "first", within="a."), "a.blk.0.ln1.bias", "a.blk.0.first.bias"),
        (Rename("ln1", "first", within="a."), "v.blk.0.ln1.bias", "v.blk.0.ln1.bias"),
    ],
)
def test_renames(rename: Rename, name: str, found: str) -> None:
    assert rename.of(name) == found
