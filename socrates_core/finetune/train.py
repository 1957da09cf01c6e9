"""The command that trains an adapter: QLoRA on the training part of a study folder."""

import json
import signal
import sys
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
import typer

from socrates_core import __version__
from socrates_core.command import INTERRUPTED, USER_ERROR, check_seed
from socrates_core.errors import TrainingError
from socrates_core.finetune.recipe import Recipe, load_recipe, recipe_file
from socrates_core.report.words import duration_between
from socrates_core.study.files import check_folder, data_size, write_file
from socrates_core.study.leaks import groups_of, refuse_overlap, sketches_text
from socrates_core.study.sources.sample import sample_groups, sample_rows
from socrates_core.study.split import Split, part, study_of
from socrates_core.study.study_set import StudySet

if TYPE_CHECKING:
    from socrates_core.finetune.plan import Plan
    from socrates_core.finetune.trainer import Job
    from socrates_core.model.loading import NetworkPlan
    from socrates_core.model.record import ModelRecord

VERSIONS: Final = ("torch", "transformers", "tokenizers", "peft", "bitsandbytes", "accelerate")

MOST_EXAMPLES: Final = 200_000_000
"""Of all epochs together; their order takes about 30 bytes of memory for each."""

SMALLER_BASE: Final = (
    "choose precision: nf4 or a smaller base, or share the base out over several devices (shard: true), and resume the "
    "training"
)


def train(
    config: Annotated[
        Path,
        typer.Option(help="The recipe: a YAML file, or the name of one that comes with the software, such as demo."),
    ],
    studies: Annotated[Path, typer.Option(help="A study folder with a split, as train.prepare writes it.")],
    out: Annotated[Path, typer.Option(help="The folder of the adapter and of what goes with it.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in OUT, if any.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    seed: Annotated[int | None, typer.Option(help="In place of the recipe's.")] = None,
) -> None:
    """Train an adapter on the training part of a study folder."""
    recipe = load_recipe(recipe_file(config))
    if seed is not None:
        check_seed(seed)
        recipe = replace(recipe, seed=seed)
    if not dry_run:
        check_out(out, resume)
    # these import torch, which takes seconds: a wrong recipe or place is told before
    from accelerate import Accelerator

    from socrates_core.finetune.network import check_device
    from socrates_core.finetune.shard import check_processes
    from socrates_core.finetune.training_log import check_reporter

    check_reporter(recipe.report_to)
    if not dry_run:
        check_device(recipe)
    accelerator = Accelerator(log_with=recipe.report_to, project_dir=str(out))
    check_processes(recipe.shard, accelerator)
    job, plan = make_job(recipe, studies, out, accelerator)
    if accelerator.is_main_process:
        show(recipe, job, plan)
    if not dry_run:
        learn(job)


def check_out(out: Path, resume: bool) -> None:
    """Raise a TrainingError unless OUT can take a new training, or has one to go on with."""
    if out.is_file():
        raise TrainingError(f"--out {out} is a file; choose a folder")
    check_folder(out)
    if out.exists() and any(out.iterdir()):
        if not resume:
            raise TrainingError(f"--out {out} is not empty; go on with --resume, or choose another folder")
        if not (out / "run.json").is_file():
            raise TrainingError(f"--out {out} holds no training to go on with (no run.json); choose another folder")


def make_job(recipe: Recipe, folder: Path, out: Path, accelerator: Any) -> tuple["Job", "Plan"]:
    """Read the studies and what is known of the base, and work out the plan; no weights are read."""
    from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
    from socrates_core.finetune.batch.order import order_of
    from socrates_core.finetune.batch.packs import OptionScales
    from socrates_core.finetune.network import base_name, encoder_of
    from socrates_core.finetune.plan import plan_of
    from socrates_core.finetune.trainer import Job, changes_since
    from socrates_core.finetune.validation import Validation
    from socrates_core.model.loading import plan_network
    from socrates_core.model.prefix_tree.attention import longest_row

    everything = StudySet.load(folder, verify=True)
    split = Split.load(folder / "split.json")
    learned, chosen_on = part(everything, split, "train"), part(everything, split, "val")
    rng = np.random.default_rng(recipe.seed)
    # drawn first, so that recipes that differ in sample or order are compared on the same people
    groups = groups_of(everything)
    validation = Validation(examples_of(chosen_on), recipe.validation_cells, recipe.validation_people, rng, groups)
    network = plan_network(base_name(recipe))
    prompts = encoder_of(recipe, network.tokenizer, network.record)
    found = examples_of(sampled(learned, recipe, rng))
    lengths = ExampleEncoder(found, prompts).lengths()
    fits = lengths <= min(recipe.max_tokens, longest_row(network.config) or recipe.max_tokens)
    if not fits.any():
        raise TrainingError(f"all {len(found)} examples are longer than max_tokens {recipe.max_tokens}; raise it")
    encoder = ExampleEncoder(found.select(fits), prompts)
    check_length(len(encoder.examples), recipe.epochs)
    order = order_of(encoder.examples, recipe.epochs, recipe.group_size, recipe.group_cells, recipe.step_examples, rng)
    scales = OptionScales(prompts)
    plan = plan_of(
        recipe, encoder, order, lengths[fits], int((~fits).sum()), scales, network.config, accelerator.num_processes
    )
    units = tuple(unit for unit in split.parts["train"] if study_of(unit) in set(learned.study_ids))
    validated = [unit for unit in split.parts["val"] if study_of(unit) in validation.study_ids]
    refuse_overlap(units, validated, groups=groups)
    manifest = everything.manifest
    training = {
        "recipe": asdict(recipe),
        "data": {"source": manifest.source, "revision": manifest.revision, "hashes": dict(manifest.hashes)},
        "validation_studies": validation.study_ids,
        "plan": asdict(plan),
        "processes": accelerator.num_processes,
        "versions": {"socrates": __version__, **{name: version(name) for name in VERSIONS}},
    }
    record = record_of(recipe, network, split, units, training)
    record = replace(record, training={**training, "changes": changes_since(out, recipe, record)})
    stimuli = sketches_text(learned.cells)
    return Job(recipe, out, encoder, order, scales, validation, record, accelerator, stimuli), plan


def sampled(studies: StudySet, recipe: Recipe, rng: np.random.Generator) -> StudySet:
    """The responses that a recipe trains on."""
    if recipe.cell_people is None:
        return sample_rows(studies, recipe.fraction, rng)
    return sample_groups(studies, recipe.fraction, recipe.cell_people, rng)


def check_length(examples: int, epochs: int) -> None:
    """Raise a TrainingError for a training whose order of examples would not fit in memory."""
    if examples * epochs > MOST_EXAMPLES:
        raise TrainingError(
            f"epochs {epochs:,} of {examples:,} examples are {examples * epochs:,} in all; choose fewer epochs or a "
            f"smaller fraction, up to {MOST_EXAMPLES:,} in all"
        )


def record_of(
    recipe: Recipe, network: "NetworkPlan", split: Split, units: tuple[str, ...], training: dict[str, Any]
) -> "ModelRecord":
    """What the adapter says of itself.

    Args:
        recipe: How it is trained.
        network: Its base, as far as that is known without weights.
        split: Of the studies.
        units: Those of the training part that it learns from.
        training: How the training goes, for a reader.
    """
    from socrates_core.model.record import ModelRecord, tokenizer_hash

    return ModelRecord(
        template=recipe.template,
        tokenizer=tokenizer_hash(network.tokenizer),
        trained_on=units,
        base=network.hub_id,
        base_revision=network.revision,
        split=split.digest,
        demo=bool(network.record and network.record.demo),
        training=training,
    )


def show(recipe: Recipe, job: "Job", plan: "Plan") -> None:
    """Print what was decided."""
    record, processes = job.record, job.accelerator.num_processes
    studies = len({study_of(unit) for unit in record.trained_on})
    told = {
        "base": f"{recipe.base} at {record.base_revision or 'no revision'}, {plan.parameters / 1e6:,.1f} M parameters",
        "adapter": f"rank {recipe.lora_rank}, {plan.adapter_parameters / 1e6:,.2f} M parameters",
        "template": f"{recipe.template}, tokenizer {record.tokenizer[:12]}",
        "split": record.split,
        "examples": f"{plan.examples:,} of {studies:,} studies; left out {plan.off_scale:,} off the scale, "
        f"{plan.too_long:,} longer than {recipe.max_tokens} tokens",
        "tokens": f"{plan.prompt_tokens:,} in rows of their own, {plan.tree_tokens:,} to compute",
        "sharing": f"{plan.shared:.2f}x saved, {plan.sharing_bound:.2f}x possible with these steps",
        "steps": f"{plan.steps:,} of {recipe.step_examples}, {plan.packs_a_step:.1f} packs each",
        "memory": f"about {data_size(1e9 * plan.memory_gb)}{' in each process' if processes > 1 else ''}",
        "time": f"about {duration_between(*(3600 * hours for hours in plan.hours))} on {plan.estimated_on}, "
        "without validation",
        "validation": f"{len(job.validation.study_ids)} studies every {recipe.validate_every} steps, "
        f"best by {recipe.choose_by}",
        "processes": f"{processes}{', which share out the layers of the base' if recipe.shard else ''}",
        "seed": f"{recipe.seed}",
    }
    for change in (record.training or {})["changes"]:
        told[f"after {change['step']}"] = ", ".join(f"{k}: {a} → {b}" for k, (a, b) in change["settings"].items())
    for name, text in told.items():
        print(f"{name:<13}{text}", flush=True)


def learn(job: "Job") -> None:
    """Run the job; ends the process as every command does when a signal stopped it."""
    from socrates_core.finetune.network import base_name, load_lora_network, raise_on_oom
    from socrates_core.finetune.trainer import Trainer
    from socrates_core.model.folder import local_folder, weights_digest

    weights = weights_digest(local_folder(base_name(job.recipe), "model"))
    job = replace(job, record=replace(job.record, base_weights=weights))
    job.accelerator.wait_for_everyone()
    if job.accelerator.is_main_process:
        job.out.mkdir(parents=True, exist_ok=True)
        write_file(job.out / "run.json", json.dumps(job.record.to_json(), indent=1) + "\n")
    job.accelerator.wait_for_everyone()
    with raise_on_oom(f"before the first step; {SMALLER_BASE}"):
        trainer = Trainer(job, load_lora_network(job.recipe))
    result = trainer.run()
    if not job.accelerator.is_main_process:
        return
    if result is None:
        number = trainer.stopped_by or signal.SIGTERM
        print(f"stopped      by {signal.Signals(number).name}; resume from its last checkpoint")
        sys.exit(INTERRUPTED if number == signal.SIGINT else USER_ERROR)
    print(f"validation   loss {result.loss:.4f}, W {result.wasserstein:.4f} [{result.low:.4f}, {result.high:.4f}]")
    print(f"             {result.mass_on_scale or 'probability on the scale not recorded'}")
    print(f"wrote        {job.out}")
