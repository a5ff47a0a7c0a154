"""Fine-tunes a network; see models/base.pt."""
import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors.torch import load_file, safe_open, save_file
from transformers import AutoModel

ROOT = Path(__file__).resolve().parent
BASE = ROOT / "models" / "resnet18.safetensors"
NAMES = ["layer1.0.conv1.weight", "fc.bias"]


@dataclass
class Config:
    checkpoint: str = "models/start.pt"
    kind: Literal["a.onnx", "b.onnx"] = "a.onnx"


def load(path: str = "models/other.pt", *, strict=True):
    state = torch.load(path, map_location="cpu")
    return {k: v for k, v in state.items() if not k.endswith(".num_batches_tracked")}


def main(args):
    model = AutoModel.from_pretrained("org/tiny")
    model.load_state_dict(load_file(BASE))
    with safe_open("models/x.safetensors", framework="pt") as f:
        w = f.get_tensor("layer1.0.conv1.weight")
    for epoch in range(3):
        torch.save(model.state_dict(), f"out/epoch{epoch}.pt")
    print(model.layer1[0].conv1.weight.data.abs().mean(), "saved out/last.pt")
    table = np.load(os.path.join("data", 'ta\
ble.npy'))
    try:
        extra = torch.load(r"models\extra.pth" if args.x else """a.pt""")
    except (OSError, ValueError) as error:
        extra = None
    save_file({"a": w}, "out/w.safetensors")
    return lambda p="z.pt": torch.load(p)["state"]["fc.weight"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", default="models/resnet18.pt", help="what to load")
    main(parser.parse_args())
