"""Local causal language models as answer models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from socrates_core.errors import ModelError
from socrates_core.model.adapters import KEY
from socrates_core.model.answer_model import (
    MAX_DIGITS,
    AnswerDistributions,
    ModelDescription,
    SampledNumbers,
    check_request,
)
from socrates_core.model.fit import check_base, check_tokenizer, fitting_template, unrecorded_base
from socrates_core.model.folder import local_folder
from socrates_core.model.numbers import NumberSampler
from socrates_core.model.prefix_tree.attention import longest_row
from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.options import OptionTree
from socrates_core.model.prefix_tree.plain import plain_log_probs
from socrates_core.model.prefix_tree.scoring import Progress
from socrates_core.model.record import ModelRecord, calibration_file
from socrates_core.model.shared_network import SharedNetwork
from socrates_core.prompt import check_template
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.study.leaks import STIMULI
from socrates_core.study.study_set import Cell, Persona

SELF_CHECK_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.25, torch.float16: 0.05}
"""Largest accepted difference in log-probability between the tree and the plain path, by precision: of any option, in
bf16 per token and averaged over the options. Two bf16 numbers between 16 and 32, as large logits are, are 1/8 apart, so
single tokens may differ by as much as the whole tolerance although nothing is wrong."""

Request = tuple[Cell, Sequence[Persona]]


class TransformerModel:
    """Exact answer distributions of a local network, with or without an adapter.

    Several instances can be views of one network, each with its own adapter or none: the weights are in memory once,
    and a request activates its view's adapter. Requests are serialised: callers on several threads wait for each
    other, whichever view they use.
    """

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        description: ModelDescription,
        *,
        shared: SharedNetwork | None = None,
        adapter_key: str | None = None,
    ) -> None:
        """Wrap a loaded network.

        Args:
            network: Causal language model in eval mode with the attention implementation `attention.NAME`.
            tokenizer: Its tokenizer.
            description: What it is; its template determines the prompts.
            shared: The network with everything its views share; created if None.
            adapter_key: Key of this view's adapter in `shared`; None for the network without adapter.
        """
        assert description.template is not None
        self.network = network
        self.tokenizer = tokenizer
        self.template = description.template
        self.description = description
        self.shared = shared or SharedNetwork(network, tokenizer, description)
        self.adapter_key = adapter_key
        self._encoder = self.shared.encoder(self.template)
        self._scorer = self.shared.scorer
        self._checked = False
        self._released = False

    # -- views of one network

    def with_adapter(
        self, adapter: str, template: str | None = None, *, other_base: bool = False
    ) -> "TransformerModel":
        """Another answer model on the same loaded network, with a LoRA adapter.

        The adapter is loaded once, however many views use it: the same content under another name or folder is the
        same adapter, and a folder whose content has changed is a different one.

        Args:
            adapter: A folder, a Hub id (with `@revision`), or `demo` for the bundled one.
            template: The prompt template, for an adapter without a record of its own.
            other_base: Load an adapter that names another base, too.

        Raises:
            ModelError: If there is no such adapter, it was trained on another base, tokenizer or template, or it is
                not a plain LoRA adapter.
        """
        if template is not None:
            check_template(template)
        base, name = self.shared.description, self.shared.description.name
        folder = local_folder(adapter, "adapter")
        record = ModelRecord.load(folder)
        check_base(name, self.shared.origin, adapter, record, lambda: self.shared.weights)
        note = ""
        if self.shared.folder is not None and (record is None or not (record.base or record.base_weights)):
            note = unrecorded_base(name, self.shared.folder, self.shared.origin, adapter, folder, other_base)
        chosen = fitting_template(name, adapter, template, record)
        check_tokenizer(name, adapter, record, self.tokenizer)
        with self.shared.lock:
            key = self.shared.adapters.acquire(folder, adapter, name)
            self.shared.adapters.activate(key)
        description = replace(
            base,
            adapter=adapter,
            adapter_digest=key.removeprefix(KEY),
            calibration=calibration_file(folder),
            template=chosen,
            trained_on=base.trained_on | frozenset(record.trained_on if record else ()),
            base_note=note,
            template_note="",
            stimuli=folder / STIMULI if (folder / STIMULI).is_file() else None,
        )
        return TransformerModel(self.network, self.tokenizer, description, shared=self.shared, adapter_key=key)

    def with_template(self, template: str) -> "TransformerModel":
        """The same weights under another template, to see how they answer there; without a self-check of its own."""
        described = replace(self.description, template=template, template_note="")
        view = TransformerModel(
            self.network, self.tokenizer, described, shared=self.shared, adapter_key=self.adapter_key
        )
        view._checked = True
        return view

    def base_model(self) -> "TransformerModel":
        """The view without adapter.

        It uses the template that the base records or, if it records none, that of this view, so that both get the same
        prompts.
        """
        base, record = self.shared.description, self.shared.record
        described = base if record or self.adapter_key is None else replace(base, template=self.template)
        return TransformerModel(self.network, self.tokenizer, described, shared=self.shared)

    def release(self) -> None:
        """Close this view; its adapter is unloaded unless another view uses it. Later requests raise a ModelError."""
        with self.shared.lock:
            if self.adapter_key is not None and not self._released:
                self.shared.adapters.release(self.adapter_key)
            self._released = True

    # -- answers

    def answer_distributions(
        self, cell: Cell, personas: Sequence[Persona], progress: Progress | None = None
    ) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona; identical prompts are computed once.

        Raises:
            ModelError: If there are no personas, the outcome is open-ended, a prompt is longer than the context, or the
                self-check against the plain path fails.
        """
        return self.answers_of([(cell, personas)], progress)[0]

    def answers_of(self, requests: Sequence[Request], progress: Progress | None = None) -> list[AnswerDistributions]:
        """Several cells in one tree, so that common prefixes of their stimuli are computed once too.

        Raises:
            ModelError: As for `answer_distributions`.
        """
        for cell, personas in requests:
            check_request(cell, personas)
        if not requests:
            return []
        with self.shared.lock:
            self.activate()
            encoded = self.encoded(requests)
            logs = self._scorer.log_probs(encoded.prompts, encoded.trees, progress)
            self.check_once(requests[0][0], encoded.prompts[0], logs[0])
        return encoded.answers(logs)

    def sampled_numbers(
        self,
        cell: Cell,
        personas: Sequence[Persona],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Progress | None = None,
    ) -> SampledNumbers:
        """One number for each persona, written digit by digit: answers to an open-ended outcome.

        Raises:
            ModelError: If there are no personas, a prompt is longer than the context, or the self-check fails.
        """
        longest = replace(cell, scale=AnswerScale((0, 10**MAX_DIGITS)))
        check_request(longest, personas)
        with self.shared.lock:
            self.activate()
            encoded = self.encoded([(longest, personas)])
            if not self._checked:
                logs = self._scorer.log_probs(encoded.prompts[:1], encoded.trees[:1])[0]
                self.check_once(longest, encoded.prompts[0], logs)
            prompts = [encoded.prompts[row] for row in encoded.rows[0]]
            return self._numbers.sample(prompts, rng, temperature, top_p, progress)

    @cached_property
    def _numbers(self) -> NumberSampler:
        return NumberSampler(self._scorer, self.tokenizer)

    def activate(self) -> None:
        """Activate this view's adapter, or none, on the network. The caller holds the lock.

        Raises:
            ModelError: If this view was released.
        """
        if self._released:
            raise ModelError(f"the adapter {self.description.adapter or 'none'} was released; load it again")
        self.shared.adapters.activate(self.adapter_key)

    def encoded(self, requests: Sequence[Request]) -> "EncodedRequests":
        """The distinct prompts of some requests.

        Raises:
            ModelError: If one is longer than the context.
        """
        place: dict[tuple[bytes, int], int] = {}
        out = EncodedRequests([], [], [])
        for cell, personas in requests:
            tree = self.shared.options(cell.scale, self._encoder)
            rows = []
            for persona in personas:
                prompt = self._encoder.encode(cell, persona)
                self._check_length(cell, prompt, tree)
                key = (prompt.tobytes(), id(tree))
                if key not in place:
                    place[key] = len(out.prompts)
                    out.prompts.append(prompt)
                    out.trees.append(tree)
                rows.append(place[key])
            out.rows.append(rows)
        return out

    def check_once(self, cell: Cell, prompt: Tokens, logs: Floats) -> None:
        """Self-check: compare a few options of this view's first prompt with the plain path. The caller holds the lock.

        Args:
            cell: The prompt's cell.
            prompt: (T,) token ids.
            logs: (K,) log-probabilities from the tree.

        Raises:
            ModelError: If they disagree by more than rounding.
        """
        if self._checked:
            return
        self.activate()
        texts, tree = cell.scale.written_options, self.shared.options(cell.scale, self._encoder)
        some = np.unique(np.linspace(0, len(texts) - 1, 5).round().astype(int))
        options = [self._encoder.encode_option(texts[index]) for index in some]
        goes_on = self.shared.digits.copy()
        goes_on[tree.points] = True
        digits = torch.from_numpy(goes_on).to(self.network.get_input_embeddings().weight.device)
        plain = plain_log_probs(self.network, prompt, options, tree.stops, digits)
        dtype = next(p.dtype for p in self.network.parameters() if p.is_floating_point())
        apart = np.abs(plain - logs[some])
        difference, unit = float(apart.max()), ""
        if dtype == torch.bfloat16:
            tokens = np.array([len(option) for option in options]) + tree.stops
            difference, unit = float((apart / tokens).mean()), " per token"
        if not difference <= SELF_CHECK_TOLERANCE.get(dtype, 0.25):
            raise ModelError(
                f"self-check failed: for study {cell.study_id}, cell {cell.cell_id} the prefix tree and a plain "
                f"forward pass disagree by {difference:.3g} in log-probability{unit}; no result of this model can be "
                "trusted here"
            )
        self._checked = True

    def _check_length(self, cell: Cell, prompt: Tokens, tree: OptionTree) -> None:
        limit = longest_row(self.network.config)
        length = len(prompt) + int(tree.depth.max())
        if limit is not None and length > limit:
            raise ModelError(
                f"study {cell.study_id}, cell {cell.cell_id}: its prompt has {length} tokens, but this model's context "
                f"is {limit}; shorten the stimulus or choose a model with a longer context"
            )


@dataclass(frozen=True, eq=False)
class EncodedRequests:
    """The distinct prompts of some requests."""

    prompts: list[Tokens]
    trees: list[OptionTree]
    """The options after each prompt."""
    rows: list[list[int]]
    """For each request, the index in `prompts` of each persona's prompt."""

    def answers(self, logs: Sequence[Floats]) -> list[AnswerDistributions]:
        """The answers to each request, from the (K,) option log-probabilities of each prompt."""
        return [_normalised(np.stack([logs[row] for row in rows])) for rows in self.rows]


def _normalised(logs: np.ndarray[Any, np.dtype[np.float64]]) -> AnswerDistributions:
    """Option log-probabilities (N, K) as distributions over the scale, and the mass on it."""
    top = logs.max(axis=1, keepdims=True)
    weights = np.exp(logs - top)
    total = weights.sum(axis=1, keepdims=True)
    return AnswerDistributions(weights / total, np.minimum(np.exp(top + np.log(total))[:, 0], 1.0))
