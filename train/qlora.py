"""Train an adapter: QLoRA on the training part of a study folder; shared prefixes of prompts are computed once.

    python -m train.qlora --config train/configs/demo.yaml --studies studies --out adapter
    python -m train.qlora --config train/configs/socrates-qwen14b.yaml --studies studies --out adapter --dry-run
    accelerate launch --multi_gpu --num_processes 8 -m train.qlora --config ... --studies studies --out adapter

OUT becomes the adapter: weights, PEFT's configuration, and socrates.json, which records how it was trained. It also
holds run.json (the settings of the run), metrics.jsonl, and checkpoints; an interrupted training resumes with --resume.
"""

from socrates_core import command
from socrates_core.finetune.train import train

if __name__ == "__main__":
    command.run(train)
