"""Probabilities of options from hidden states."""

import numpy as np
import pytest
import torch

from socrates_core.model.prefix_tree import readout
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.model.prefix_tree.readout import End, option_log_probs

DIGITS = torch.arange(3, 13)
SEVEN = option_tree([(str(v), (3 + v,)) for v in range(1, 8)])
TWELVE = option_tree([(str(v), tuple(3 + int(digit) for digit in str(v))) for v in (1, 2, 12, 120)])


def by_the_book(hidden: torch.Tensor, end: End, options: OptionTree, head: torch.nn.Linear) -> np.ndarray:
    """(K,) from one softmax over the whole vocabulary a row, in double precision."""
    shares = head.double()(hidden[end.block, end.places].double()).softmax(dim=-1)  # (R, V)
    stop = 1 - shares[:, DIGITS].sum(dim=-1)
    out = []
    for index, node in enumerate(options.ends):
        share, at = 1.0, int(node)
        while at >= 0:
            share *= float(shares[options.source_row[at], options.tokens[at]])
            at = int(options.parent[at])
        out.append(share * float(stop[options.end_row[index]]) if options.stops else share)
    return np.log(out)


@pytest.mark.parametrize("cells", [1, 100, 1 << 21])
@pytest.mark.parametrize("options", [SEVEN, TWELVE], ids=["1 to 7", "with 1 before 12 before 120"])
def test_some_rows_at_a_time_equal_one_softmax_over_the_vocabulary(
    options: OptionTree, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(readout.LOGIT_CELLS, "cpu", cells)  # type: ignore[attr-defined]
    torch.manual_seed(3)
    head = torch.nn.Linear(8, 50, bias=False).requires_grad_(False)
    hidden, rows = 4 * torch.randn(3, 30, 8), len(options.fed) + 1
    ends = [End(block, block, np.arange(5, 5 + rows) * 2) for block in (0, 2, 1)]
    found = option_log_probs(hidden, ends, options, head, DIGITS)
    for end, logs in zip(ends, found, strict=True):
        assert logs == pytest.approx(by_the_book(hidden, end, options, head.float()), abs=1e-4)
        head.float()


def test_a_number_that_hardly_ever_ends_keeps_its_log_probability() -> None:
    # after every token digits have logit 40 and the 40 others 0: P(end) = 40 / (40 + 10 e⁴⁰), which 1 − P(digit) would
    # round to 0
    logits = torch.zeros(50).index_fill_(0, DIGITS, 40.0)
    head = torch.nn.Linear(1, 50, bias=False).requires_grad_(False)
    head.weight.copy_(logits[:, None])
    found = option_log_probs(torch.ones(1, 9, 1), [End(0, 0, np.arange(5))], TWELVE, head, DIGITS)
    log_end = np.log(4) - 40
    assert found[0] == pytest.approx([-np.log(10) * length + log_end for length in (1, 1, 2, 3)], abs=1e-4)


def test_the_mass_of_a_decimal_point_is_not_that_of_the_whole_number_before_it() -> None:
    halves = option_tree([("3", (6,)), ("3.5", (6, 40, 8))])
    torch.manual_seed(4)
    head = torch.nn.Linear(8, 50, bias=False).requires_grad_(False)
    hidden = 4 * torch.randn(1, 30, 8)
    end = End(0, 0, np.arange(5, 5 + len(halves.fed) + 1))
    found = np.exp(option_log_probs(hidden, [end], halves, head, DIGITS))[0]
    shares = head.double()(hidden[0, end.places].double()).softmax(dim=-1)
    row = halves.end_row[0]  # after "3": neither a digit nor the point may follow
    stops = 1 - float(shares[row, DIGITS].sum() + shares[row, 40])
    assert found[0] == pytest.approx(float(shares[0, 6]) * stops)
