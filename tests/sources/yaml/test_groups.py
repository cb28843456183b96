"""Groups of layers: the network is that of the same layers written one after the other."""

from __future__ import annotations

import sepcost

GROUPED = """
input: {C: 3, H: 32}
layers:
  - {name: stem, K: 3, O: 16, stride: 2}
  - name: stage
    repeat: 2
    layers:
      - name: block
        repeat: 2
        layers:
          - {name: a, K: 3, O: 16, repeat: 2}
          - {name: b, K: 3, O: 16, from: a.2, add: [input, a.1]}
      - {name: down, type: pool, K: 2, from: [block, block.1]}
      - {name: narrow, K: 1, O: 16}
  - {layers: [{K: 1, O: 16}]}
  - {name: head, K: 1, O: 10, from: stage}
"""

WRITTEN_OUT = """
input: {C: 3, H: 32}
layers:
  - {name: stem, K: 3, O: 16, stride: 2}
  - {name: stage.1.block.1.a.1, K: 3, O: 16}
  - {name: stage.1.block.1.a.2, K: 3, O: 16}
  - {name: stage.1.block.1.b, K: 3, O: 16, add: [stem, stage.1.block.1.a.1]}
  - {name: stage.1.block.2.a.1, K: 3, O: 16}
  - {name: stage.1.block.2.a.2, K: 3, O: 16}
  - {name: stage.1.block.2.b, K: 3, O: 16, add: [stage.1.block.1.b, stage.1.block.2.a.1]}
  - {name: stage.1.down, type: pool, K: 2, from: [stage.1.block.2.b, stage.1.block.1.b]}
  - {name: stage.1.narrow, K: 1, O: 16}
  - {name: stage.2.block.1.a.1, K: 3, O: 16}
  - {name: stage.2.block.1.a.2, K: 3, O: 16}
  - {name: stage.2.block.1.b, K: 3, O: 16, add: [stage.1.narrow, stage.2.block.1.a.1]}
  - {name: stage.2.block.2.a.1, K: 3, O: 16}
  - {name: stage.2.block.2.a.2, K: 3, O: 16}
  - {name: stage.2.block.2.b, K: 3, O: 16, add: [stage.2.block.1.b, stage.2.block.2.a.1]}
  - {name: stage.2.down, type: pool, K: 2, from: [stage.2.block.2.b, stage.2.block.1.b]}
  - {name: stage.2.narrow, K: 1, O: 16}
  - {name: group3.conv1, K: 1, O: 16}
  - {name: head, K: 1, O: 10, from: stage.2.narrow}
"""


def test_a_group_is_its_layers_one_after_the_other() -> None:
    grouped = sepcost.load(GROUPED)
    written_out = sepcost.load(WRITTEN_OUT)
    assert [(node.name, node.layer, node.sources, node.add) for node in grouped] == [
        (node.name, node.layer, node.sources, node.add) for node in written_out
    ]


def test_channels_that_a_group_begins_with_are_those_of_its_first_copy() -> None:
    net = sepcost.load({"layers": [{"name": "g", "repeat": 2, "layers": [{"C": 3, "H": 8, "K": 3, "O": 4}]}]})
    assert [node.layer.input_shape for node in net] == [(3, 8, 8), (4, 8, 8)]


def test_a_group_of_a_plain_list_repeats_layers_that_are_alone() -> None:
    net = sepcost.load([{"repeat": 3, "layers": [{"C": 3, "H": 8, "K": 3, "O": 4}]}])
    assert [node.name for node in net] == ["group1.1.conv1", "group1.2.conv1", "group1.3.conv1"]
    assert net.independent
