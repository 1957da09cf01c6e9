"""Train an adapter: QLoRA on the training part of a study folder, tokens that people share computed once.

    python -m train.qlora --config train/configs/demo.yaml --studies studies --out adapter
    python -m train.qlora --config train/configs/socrates-qwen14b.yaml --studies studies --out adapter --dry-run
    accelerate launch --multi_gpu --num_processes 8 -m train.qlora --config ... --studies studies --out adapter

OUT is the adapter, once it is done: weights, PEFT's description, and socrates.json, which says how it was made. Beside
it stand run.json (what was decided), metrics.jsonl, and checkpoints; a training that was stopped goes on with --resume.
"""

from socrates_core import command
from socrates_core.finetune.train import train

if __name__ == "__main__":
    command.run(train)
