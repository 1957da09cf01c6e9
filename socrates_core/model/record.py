"""The record of a model or an adapter: the file `socrates.json` beside its weights."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from socrates_core.errors import ModelError
from socrates_core.prompt import check_template
from socrates_core.study.files import read_json
from socrates_core.study.incoming.fields import Expected, read_as

FILE = "socrates.json"
CALIBRATION = "calibration.json"
"""The error model of the predictions that these weights make, beside them."""


REVISION: Final = r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$"
"""A commit, branch or tag on the Hub."""

_SHA256: Final = Expected("a sha256", pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True)
class ModelRecord:
    """How the weights were made and what they require. A loader refuses anything incompatible."""

    template: Annotated[str, Expected("the name of a prompt template", min_length=1, max_length=60)]
    """The prompt template they were trained on."""
    tokenizer: Annotated[str, _SHA256]
    """`tokenizer_hash` of the tokenizer they were trained with."""
    trained_on: Annotated[tuple[str, ...], Expected("a list of study ids", max_length=1_000_000)]
    """Ids of the studies that they were trained on."""
    base: Annotated[str | None, Expected("a Hub id", min_length=1, max_length=200)] = None
    """For an adapter: the base model's Hub id, or `demo`. For a model: the Hub id of which its folder is a copy."""
    base_revision: Annotated[str | None, Expected("a revision", pattern=REVISION)] = None
    """The Hub commit of `base`."""
    base_weights: Annotated[str | None, _SHA256] = None
    """For an adapter: `weights_digest` of the base's folder. Absent in records of version 0.1."""
    split: Annotated[str | None, _SHA256] = None
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
            record = read_as(cls, read_json(path))
        except ValueError as error:
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
