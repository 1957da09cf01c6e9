"""A causal language model on this machine, as an answer model."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from socrates_core.distribution import option_values
from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, check_request
from socrates_core.model.encoding import PromptEncoder, Tokens, digit_tokens
from socrates_core.model.options import OptionTree, option_tree
from socrates_core.model.plain import plain_log_probs
from socrates_core.model.scoring import Progress, TreeScorer
from socrates_core.scale import AnswerScale
from socrates_core.study import Cell, Persona

SELF_CHECK_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.25, torch.float16: 0.05}
"""Largest difference of log-probabilities between the tree and the plain path, by the precision they run in."""


class TransformerModel:
    """Exact answer distributions of a local network, base or with adapter.

    One request at a time: callers on several threads wait for each other.
    """

    def __init__(self, network: Any, tokenizer: Any, description: ModelDescription) -> None:
        """Wrap a loaded network.

        Args:
            network: Causal language model in eval mode whose attention is `attention.NAME`.
            tokenizer: Its tokenizer.
            description: What it is; its template decides the prompts.
        """
        assert description.template is not None
        self.network = network
        self.tokenizer = tokenizer
        self.template = description.template
        self.description = description
        self._encoder = PromptEncoder(tokenizer, description.template)
        self._digits = digit_tokens(tokenizer, network.get_output_embeddings().weight.shape[0])
        self._scorer = TreeScorer(network, self._digits)
        self._option_trees: dict[AnswerScale, OptionTree] = {}
        self._lock = threading.Lock()
        self._checked = False

    def answer_distributions(
        self, cell: Cell, personas: Sequence[Persona], progress: Progress | None = None
    ) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona; identical prompts are computed once.

        Raises:
            ModelError: If nobody is asked, the outcome is open-ended, a prompt is longer than the context, or the
                self-check against the plain path fails.
        """
        return self.answers_of([(cell, personas)], progress)[0]

    def answers_of(
        self, requests: Sequence[tuple[Cell, Sequence[Persona]]], progress: Progress | None = None
    ) -> list[AnswerDistributions]:
        """Several cells in one tree, so that what their stimuli share is computed once too.

        Raises:
            ModelError: As `answer_distributions`.
        """
        for cell, personas in requests:
            check_request(cell, personas)
        with self._lock:
            place: dict[tuple[bytes, int], int] = {}
            prompts: list[Tokens] = []
            trees: list[OptionTree] = []
            wanted: list[list[int]] = []
            for cell, personas in requests:
                tree = self._options_of(cell.scale)
                rows = []
                for persona in personas:
                    prompt = self._encoder.encode(cell, persona)
                    self._check_length(cell, prompt, tree)
                    key = (prompt.tobytes(), id(tree))
                    if key not in place:
                        place[key] = len(prompts)
                        prompts.append(prompt)
                        trees.append(tree)
                    rows.append(place[key])
                wanted.append(rows)
            logs = self._scorer.log_probs(prompts, trees, progress)
            if not self._checked:
                self._self_check(requests[0][0], prompts[0], logs[0])
        return [_normalised(np.stack([logs[row] for row in rows])) for rows in wanted]

    def _options_of(self, scale: AnswerScale) -> OptionTree:
        if scale not in self._option_trees:
            values = [int(value) for value in option_values(scale)]
            self._option_trees[scale] = option_tree([(str(v), self._encoder.encode_option(v)) for v in values])
        return self._option_trees[scale]

    def _check_length(self, cell: Cell, prompt: Tokens, tree: OptionTree) -> None:
        limit = getattr(self.network.config, "max_position_embeddings", None)
        length = len(prompt) + int(tree.depth.max())
        if limit is not None and length > limit:
            raise ModelError(
                f"study {cell.study_id}, cell {cell.cell_id}: its prompt has {length} tokens, this model reads at "
                f"most {limit}; shorten the stimulus or choose a model with a longer context"
            )

    def _self_check(self, cell: Cell, prompt: Tokens, logs: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        """Compare a few options of the first prompt with the plain path, once per loaded model."""
        values = option_values(cell.scale)
        some = np.unique(np.linspace(0, len(values) - 1, 5).round().astype(int))
        options = [self._encoder.encode_option(int(values[index])) for index in some]
        digits = torch.from_numpy(self._digits).to(self.network.get_input_embeddings().weight.device)
        plain = plain_log_probs(self.network, prompt, options, self._options_of(cell.scale).stops, digits)
        dtype = next(p.dtype for p in self.network.parameters() if p.is_floating_point())
        worst = float(np.abs(plain - logs[some]).max())
        if not worst <= SELF_CHECK_TOLERANCE.get(dtype, 0.25):
            raise ModelError(
                f"self-check failed: for study {cell.study_id}, cell {cell.cell_id} the prefix tree and a plain "
                f"forward pass disagree by {worst:.3g} in log-probability; no result of this model can be trusted here"
            )
        self._checked = True


def _normalised(logs: np.ndarray[Any, np.dtype[np.float64]]) -> AnswerDistributions:
    """Option log-probabilities (N, K) as distributions over the scale and the mass that fell on it."""
    top = logs.max(axis=1, keepdims=True)
    weights = np.exp(logs - top)
    total = weights.sum(axis=1, keepdims=True)
    return AnswerDistributions(weights / total, np.minimum(np.exp(top + np.log(total))[:, 0], 1.0))
