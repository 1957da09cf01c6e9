"""One loaded network, with everything that several answer models on it share."""

import threading
from functools import cached_property
from pathlib import Path
from typing import Any

from socrates_core.model.adapters import Adapters
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.folder import Origin, weights_digest
from socrates_core.model.prefix_tree.encoding import PromptEncoder, digit_tokens
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.model.prefix_tree.scoring import TreeScorer
from socrates_core.model.record import ModelRecord
from socrates_core.scale.answer_scale import AnswerScale


class SharedNetwork:
    """A network, its tokenizer, and the adapters on it. Users must hold `lock`."""

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        description: ModelDescription,
        record: ModelRecord | None = None,
        origin: Origin | None = None,
        folder: Path | None = None,
    ) -> None:
        """Wrap a loaded network.

        Args:
            network: Causal language model in eval mode with the attention implementation `attention.NAME`.
            tokenizer: Its tokenizer.
            description: Description of the base without adapter.
            record: The base's own record.
            origin: Origin of the weights, as far as it is known.
            folder: The folder that they were loaded from; None if they were not.
        """
        self.network = network
        self.tokenizer = tokenizer
        self.description = description
        self.record = record
        self.origin = origin or Origin(None, None)
        self.folder = folder
        self.lock = threading.RLock()
        self.adapters = Adapters(network)
        self.digits = digit_tokens(tokenizer, network.get_output_embeddings().weight.shape[0])
        self.scorer = TreeScorer(network, self.digits)
        self._encoders: dict[str, PromptEncoder] = {}
        self._option_trees: dict[AnswerScale, OptionTree] = {}

    @cached_property
    def weights(self) -> str | None:
        """`weights_digest` of the network; None if it was not loaded from a folder."""
        return weights_digest(self.folder) if self.folder else None

    def encoder(self, template: str) -> PromptEncoder:
        """The encoder of a template; models with the same template share its cache."""
        if template not in self._encoders:
            self._encoders[template] = PromptEncoder(self.tokenizer, template)
        return self._encoders[template]

    def options(self, scale: AnswerScale, encoder: PromptEncoder) -> OptionTree:
        """The options of a scale as tokens, which are the same in all templates."""
        if scale not in self._option_trees:
            texts = scale.written_options
            self._option_trees[scale] = option_tree([(text, encoder.encode_option(text)) for text in texts])
        return self._option_trees[scale]
