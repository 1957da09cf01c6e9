import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from socrates_core.errors import HubError
from socrates_core.hub.inspection import inspect
from socrates_core.hub.push.card import CardContent, check_licence, front_matter, make_card
from socrates_core.hub.push.figures import Evaluated, read_run
from tests.evaluations import metrics_json
from tests.hub.adapters import BASE, REVISION, as_json, config, record, write_adapter
from tests.servers.hub_requests import card_errors


def content(
    folder: Path, evaluated: Evaluated | None = None, licence: str | None = None, **changes: Any
) -> CardContent:
    """Of an adapter whose record has changes."""
    described = {
        "base_model_name_or_path": changes.get("base", BASE),
        "revision": changes.get("base_revision", REVISION),
    }
    found = inspect(write_adapter(folder, record=as_json(record(**changes)), config=as_json(config(**described))))
    assert found.record is not None
    return CardContent("me/it", found.config, found.record, evaluated, licence)


def metrics(**changes: Any) -> dict[str, Any]:
    """What an evaluation run of the adapter writes, as far as a card reads it."""

    def means(scale: float, observed: float) -> dict[str, Any]:
        return {"scale": summary(scale), "observed": summary(observed)}

    def summary(mean: float) -> dict[str, Any]:
        return {"mean": mean, "flat_mean": mean, "ci95": [mean - 0.01, mean + 0.01], "cells": 800, "studies": 40}

    told = {
        "contaminated": False,
        "by_kind": {"real": {**means(0.12, 0.15), "noise_floor": means(0.03, 0.04), "uniform": means(0.17, 0.2)}},
        "provenance": {
            "model": BASE, "adapter": "gone/adapter", "template": "shared", "source": "SocSci210", "part": "test",
            "split_digest": "c" * 64, "per_cell": 32,
        },
    }  # fmt: skip
    return {**metrics_json(**told), **changes}


def run(folder: Path, told: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "metrics.json").write_text(told if isinstance(told, str) else json.dumps(told))
    return folder


def evaluated(tmp_path: Path, adapter: Path, **changes: Any) -> Evaluated:
    found = inspect(adapter)
    assert found.record is not None
    return read_run(run(tmp_path / "run", metrics(**changes)), adapter, found.config, found.record)


def body(card: str) -> str:
    return card.split("\n---\n", 1)[1]


# -- front matter


def test_the_front_matter_is_what_the_hub_and_its_client_accept(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a")
    card = make_card(content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a"), "apache-2.0"))
    data = ModelCard(card).data
    assert (data.library_name, data.base_model, data.license) == ("peft", BASE, "apache-2.0")
    assert data.to_dict()["base_model_relation"] == "adapter"
    assert (data.datasets, data.pipeline_tag) == (["socratesft/SocSci210"], "text-generation")
    assert card_errors(yaml.safe_load(card.split("---\n")[1])) == []
    results = {(one.dataset_split, one.metric_args["convention"]): one for one in data.eval_results or []}
    assert {key: one.metric_value for key, one in results.items()} == {
        ("test", "scale"): 0.12,
        ("test", "observed"): 0.15,
        ("validation", "scale"): 0.151,
    }
    assert results["test", "observed"].metric_args == {
        "convention": "observed",
        "kind": "real",
        "ci95": [0.14, 0.16],
        "noise_floor": 0.04,
        "uniform": 0.2,
        "cells": 800,
        "studies": 40,
    }


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    data = front_matter(content(tmp_path, training=None))
    assert {"license", "datasets", "model-index", "model_name"} & set(data) == set()
    text = body(make_card(content(tmp_path, training=None)))
    assert "Not measured" in text
    assert "No licence is stated" in text


def test_the_demo_has_no_base_on_the_hub_and_is_not_for_science(tmp_path: Path) -> None:
    card = content(tmp_path, base="demo", base_revision=None, demo=True)
    data = front_matter(card)
    assert "base_model" not in data
    assert "demo" in data["tags"]
    text = make_card(card)
    assert "**A demo for trying out the software. Not for science.**" in text
    assert "--model demo" in text
    assert "AutoModelForCausalLM" not in text


@pytest.mark.parametrize("licence", ["", "MIT", "a b", "mit\n---", "x" * 100, "[mit]", "../x"])
def test_a_licence_that_cannot_be_one_is_refused(licence: str) -> None:
    with pytest.raises(HubError, match="not a licence of the Hub"):
        check_licence(licence)


# -- body


def test_the_body_says_how_to_load_it_what_it_learned_from_and_what_it_is_not_for(tmp_path: Path) -> None:
    text = body(make_card(content(tmp_path, licence="mit")))
    assert "    python -m socrates_core.hub pull me/it --out adapter\n" in text
    assert f"    python app.py --model {BASE}@{REVISION} --adapter adapter\n" in text
    assert '    model = PeftModel.from_pretrained(base, "me/it")' in text
    assert '"study_ids": ["326nv", "3muqx"]' in text
    assert f'"split_digest": "{"b" * 64}"' in text
    assert "groups, not individuals" in text
    assert "not for decisions about a person" in text
    assert '"peft": "0.21.2"' in text
    assert "mit, as stated by its author" in text


def test_no_distance_stands_without_floor_interval_and_counts(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a")
    text = make_card(content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a")))
    assert "| evaluation | real | observed | 0.1500 | 0.1400 to 0.1600 | 0.0400 | 0.2000 | 800 | 40 |" in text
    assert "| validation | not recorded | scale | 0.1510 | 0.1200 to 0.1800 | 0.0500 | 0.2000 | 20 | 5 |" in text
    assert "so that figure is optimistic" in text
    assert '"people_in_a_cell": "up to 32"' in text
    assert "so they were not compared" in text


def test_probability_off_the_scale_is_stated_beside_the_figure(tmp_path: Path) -> None:
    told = {**record()["training"]["validation"], "on_scale_mass": 0.62}
    text = make_card(content(tmp_path, training={"validation": told}))
    assert "| 20 | 5 | 62.0 % |" in text
    assert "Only 62.0 % of the probability is on the scale" in text
    much = make_card(content(tmp_path / "much", training={"validation": {**told, "on_scale_mass": 0.99}}))
    assert "| 99.0 % |" in much
    assert "Only" not in much
    unknown = make_card(content(tmp_path / "unknown"))
    assert "| not recorded |" in unknown


def test_a_contaminated_evaluation_is_stamped_and_stays_out_of_the_front_matter(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a")
    card = content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a", contaminated=True))
    assert "model-index" not in front_matter(card)
    assert "| evaluation, CONTAMINATED | real | scale |" in make_card(card)
    assert "**CONTAMINATED: the evaluation includes studies that the adapter was trained on.**" in make_card(card)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](http://evil/x.png)",
        "a\n---\nlicense: mit\n---\n",
        "x | y | z",
        "\n\n# Heading\n",
        "`code` **bold** <!-- -->",
        "http://evil.example/",
        "\u202egnp.exe",
        "{{ template }}",
        "\u2028---\u2028",
    ],
)
def test_texts_from_outside_are_inert(tmp_path: Path, text: str) -> None:
    training = {
        **record()["training"],
        "data": {"source": text},
        "versions": {text: text},
        "plan": {text: 1},
        "recipe": {"lora_targets": [text], text: text, "seed": text},
    }
    write_adapter(tmp_path / "a", record=as_json(record(trained_on=[text], training=training)))
    provenance = {**metrics()["provenance"], "source": text, "part": text}
    found = content(
        tmp_path / "a", evaluated(tmp_path, tmp_path / "a", provenance=provenance), trained_on=[text], training=training
    )
    card = make_card(found)
    assert set(ModelCard(card).data.to_dict()) == set(front_matter(found))
    assert "license" not in front_matter(found)
    plain = make_card(content(tmp_path / "b", evaluated(tmp_path, tmp_path / "a")))
    headings = [line for line in body(card).splitlines() if line.startswith("#")]
    assert headings == [line for line in body(plain).splitlines() if line.startswith("#")]
    # outside of indented code, what could be markup is escaped
    for line in body(card).splitlines():
        if not line.startswith("    "):
            assert not re.search(r"(?<!\\)(<script|\]\(|`code`|<!--|\*\*bold|https?://evil)", line)
    assert "\u202e" not in card
    assert "\u2028" not in card


def test_no_path_of_a_machine_stands_in_a_card(tmp_path: Path) -> None:
    training = {**record()["training"], "data": {"source": "/home/me/secret/study.csv"}}
    training["recipe"] = {"base": "/home/me/qwen", "seed": 1}
    card = make_card(content(tmp_path, training=training))
    assert "/home/me" not in card
    assert '"source": "study.csv"' in card


@pytest.mark.parametrize("training", [{}, {"validation": 3}, {"recipe": [1], "plan": "x", "versions": 7, "data": "d"}])
def test_a_record_with_other_words_in_its_story_makes_a_card_all_the_same(
    tmp_path: Path, training: dict[str, Any]
) -> None:
    assert "Not measured" in make_card(content(tmp_path, training=training))


@pytest.mark.parametrize(
    "change",
    [
        {"wasserstein": 1.5},
        {"wasserstein": -0.1},
        {"wasserstein": "0.1"},
        {"wasserstein": True},
        {"noise_floor": None},
        {"uniform": None},
        {"cells": -1},
        {"studies": 1.5},
    ],
)
def test_a_validation_that_makes_no_sense_is_no_figure(tmp_path: Path, change: dict[str, Any]) -> None:
    validation = {**record()["training"]["validation"], **change}
    assert content(tmp_path, training={"validation": validation}).figures == ()


# -- the run


def test_a_run_of_these_very_weights_is_known_by_them(tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a")
    provenance = {**metrics()["provenance"], "adapter": str(adapter)}
    assert evaluated(tmp_path, adapter, provenance=provenance).checked


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"adapter": None}, "without an adapter"),
        ({"template": "alpaca"}, "its template is alpaca"),
        ({"model": "meta-llama/Llama-3.1-8B"}, "its base is meta-llama"),
        ({"model": "demo"}, "its base is demo"),
    ],
)
def test_a_run_of_something_else_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    adapter = write_adapter(tmp_path / "a")
    with pytest.raises(HubError, match=said):
        evaluated(tmp_path, adapter, provenance={**metrics()["provenance"], **change})


def test_a_run_of_other_weights_is_refused(tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a")
    other = write_adapter(tmp_path / "b", weights=(adapter / "adapter_model.safetensors").read_bytes()[:-1] + b"\x07")
    with pytest.raises(HubError, match="are different"):
        evaluated(tmp_path, adapter, provenance={**metrics()["provenance"], "adapter": str(other)})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"provenance": 3}', "[" * 100_000, json.dumps(metrics(wasserstein=None))]
)
def test_what_is_no_finished_run_is_named(tmp_path: Path, text: str) -> None:
    adapter = write_adapter(tmp_path / "a")
    found = inspect(adapter)
    assert found.record is not None
    for path in (run(tmp_path / "run", text), tmp_path / "nowhere"):
        with pytest.raises(HubError, match=r"metrics\.json|nowhere"):
            read_run(path, adapter, found.config, found.record)


def test_a_card_never_pools_real_and_synthetic_studies(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a")
    real = metrics()["by_kind"]["real"]
    both = {"real": real, "synthetic": {**real, "scale": {**real["scale"], "mean": 0.05, "studies": 9}}}
    text = make_card(content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a", by_kind=both)))
    assert "| evaluation | real | scale | 0.1200 | 0.1100 to 0.1300 | 0.0300 | 0.1700 | 800 | 40 |" in text
    assert "| evaluation | synthetic | scale | 0.0500 | " in text
    assert "Wasserstein distance, synthetic studies, convention scale" in text


def test_proper_scores_of_an_evaluation_stand_in_the_card_beside_guessing_evenly(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a")
    text = make_card(content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a")))
    # answers 1, 2, 3, 3 given 0.1, 0.2, 0.4 and 0.4: 0.26 + 1 − 2 · (0.1 + 0.2 + 0.4 + 0.4) / 4
    assert "| real | Brier | 0.7100 (0.7100 to 0.7100) | 0.8000 | 6 |" in text
    assert "| real | ranked probability | " in text
    assert "| real | log, nats | " in text
    assert "| 0.8000 | 6 |" in text
    assert "Proper score" not in make_card(
        content(tmp_path / "a", evaluated(tmp_path, tmp_path / "a", probabilities={}))
    )
