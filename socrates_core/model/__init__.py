"""Models that predict answers: the protocol, baselines, local transformers, endpoints."""

import logging
from typing import Final

KERNEL_NOTICE: Final = "Failed to load CPU gemm_4bit_forward from kernels-community"
"""A harmless warning that bitsandbytes prints about an optional kernel whenever it is imported on a CPU."""

# here, because whatever brings bitsandbytes along (peft, accelerate) comes after the first module of this package
logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(lambda entry: not str(entry.msg).startswith(KERNEL_NOTICE))
