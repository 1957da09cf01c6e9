"""The record of a model or an adapter: the file `socrates.json` beside its weights."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from socrates_core.errors import ModelError
from socrates_core.prompt import check_template
from socrates_core.study.files import read_json

FILE = "socrates.json"
CALIBRATION = "calibration.json"
"""The error model of the predictions that these weights make, beside them."""


@dataclass(frozen=True)
class ModelRecord:
    """How the weights were made and what they require. A loader refuses anything incompatible."""

    template: str
    """The prompt template they were trained on."""
    tokenizer: str
    """`tokenizer_hash` of the tokenizer they were trained with."""
    trained_on: tuple[str, ...]
    """Ids of the studies that they were trained on."""
    base: str | None = None
    """For an adapter: the base model's Hub id, or `demo`. For a model: the Hub id of which its folder is a copy."""
    base_revision: str | None = None
    """The Hub commit of `base`."""
    base_weights: str | None = None
    """For an adapter: `weights_digest` of the base's folder. Absent in records of version 0.1."""
    split: str | None = None
    """Digest of the split whose training part was used."""
    demo: bool = False
    """Whether it was made to demonstrate the software and knows nothing about the world."""
    training: Mapping[str, Any] | None = None
    """How it was trained, for the reader: recipe, data, versions, validation. Loading uses only the precision."""

    @property
    def base_precision(self) -> str | None:
        """For an adapter: the precision of the base that it was trained on, if the recipe records it."""
        recipe = self.training.get("recipe") if isinstance(self.training, Mapping) else None
        found = recipe.get("precision") if isinstance(recipe, Mapping) else None
        return found if isinstance(found, str) else None

    def save(self, folder: Path) -> None:
        """Write the record beside the weights."""
        (folder / FILE).write_text(json.dumps(self.to_json(), indent=1) + "\n", "utf-8")

    def to_json(self) -> dict[str, Any]:
        """As the file has it: a digest that is not known is left out."""
        return {name: value for name, value in asdict(self).items() if name != "base_weights" or value is not None}

    @classmethod
    def load(cls, folder: Path) -> "ModelRecord | None":
        """The record in a folder; None if there is none.

        Raises:
            ModelError: If there is a record that cannot be read.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            raw = read_json(path)
            record = cls(**{**raw, "trained_on": tuple(raw["trained_on"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} cannot be read ({error}); fetch or train the model again") from error
        check_template(record.template)
        return record


def calibration_file(folder: Path | None) -> Path | None:
    """The error model beside the weights; None if there is none."""
    return folder / CALIBRATION if folder is not None and (folder / CALIBRATION).is_file() else None


def tokenizer_hash(tokenizer: Any) -> str:
    """sha256 of a tokenizer's vocabulary and chat template, independent of where it was loaded from."""
    vocabulary = sorted(tokenizer.get_vocab().items())
    return hashlib.sha256(json.dumps([vocabulary, tokenizer.chat_template]).encode()).hexdigest()
