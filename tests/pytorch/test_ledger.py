"""The ledger: whose each number is, and that it counts once."""

from __future__ import annotations

import torch
from torch import nn

from sepcost.pytorch.tracing.operators.ledger import Ledger


def test_a_number_counts_once_in_whichever_form_it_comes() -> None:
    linear = nn.Linear(4, 2)
    for again in (linear.weight, linear.weight.t(), linear.weight.view(8), linear.weight[:, :, None]):
        ledger = Ledger(linear)
        claim = ledger.claim([linear.weight, linear.bias])
        assert claim is not None
        assert claim.taken.total() == 10
        assert ledger.claim([again]) is None
        assert not ledger.left()


def test_parts_of_a_parameter_are_distinguished() -> None:
    linear = nn.Linear(8, 8, bias=False)
    ledger = Ledger(linear)
    rows, columns = ledger.region(linear.weight[:4]), ledger.region(linear.weight[:, :4])
    assert rows is not None
    assert columns is not None
    assert rows != columns
    assert rows == ledger.region(linear.weight[:4].t())
    assert ledger.claim([linear.weight[:4]])
    assert ledger.claim([linear.weight[4:]])
    assert ledger.claim([linear.weight]) is None


def test_a_whole_does_not_count_where_a_part_has() -> None:
    linear = nn.Linear(4, 4, bias=False)
    ledger = Ledger(linear)
    assert ledger.claim([linear.weight[:1]])
    assert ledger.claim([linear.weight]) is None
    assert ledger.left() == {"Linear": 12}


def test_a_bias_that_is_the_weight_makes_no_claim() -> None:
    norm = nn.BatchNorm2d(4)
    norm.bias = norm.weight
    ledger = Ledger(norm)
    assert ledger.claim([norm.weight, norm.bias]) is None
    assert ledger.left() == {"BatchNorm2d": 4}


def test_computed_weights_take_as_many_numbers_of_their_module_and_do_so_once() -> None:
    conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 1))
    ledger = Ledger(conv)
    claim = ledger.claim([conv.weight, conv.bias], conv)
    assert claim is not None
    assert claim.taken.total() == 24 + 8
    assert ledger.left() == {"ParametrizationList": 8}
    assert ledger.claim([conv.weight[:, :1]], conv) is None


def test_a_module_with_too_few_numbers_claims_none() -> None:
    linear = nn.Linear(2, 2)
    ledger = Ledger(linear)
    assert ledger.claim([torch.zeros(3, 3)], linear) is None
    assert ledger.claim([torch.zeros(4), linear.weight], linear) is None
    assert ledger.claim([torch.zeros(2, 2)]) is None
    assert ledger.left() == {"Linear": 6}


def test_what_is_released_can_be_taken_again_unless_something_else_has_it() -> None:
    linear = nn.Linear(4, 2)
    ledger = Ledger(linear)
    weight, bias = ledger.claim([linear.weight]), ledger.claim([linear.bias])
    assert weight is not None
    assert bias is not None
    ledger.release(weight, bias)
    assert ledger.left() == {"Linear": 10}
    assert ledger.take(weight)
    assert not ledger.take(bias, weight)
    assert ledger.left() == {"Linear": 2}
    assert ledger.take(bias)
    assert ledger.take()


def test_memory_that_it_knows_is_not_given_to_others() -> None:
    linear = nn.Linear(64, 64, bias=False)
    ledger = Ledger(linear)
    linear.weight.data = torch.zeros(64, 64)
    others = [torch.zeros(64, 64) for _ in range(50)]
    assert not any(map(ledger.holds, others))
