"""Global magnitude pruning of a safetensors file of F32 as NumPy users write it: reference.py FROM TO SPARSITY. Prints wall and CPU seconds, weights that went, MB."""

import json
import resource
import sys
import time

import numpy as np


def main(source, target, sparsity):
    with open(source, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length)
        entries = [e for e in json.loads(header).values() if "data_offsets" in e]
        weights = [np.fromfile(file, np.float32, int(np.prod(e["shape"]))) for e in entries]
    magnitudes = np.concatenate([np.abs(w) for w in weights])
    k = round(sparsity * magnitudes.size)
    threshold = np.partition(magnitudes, k - 1)[k - 1]
    gone = 0
    with open(target, "wb") as file:
        file.write(length.to_bytes(8, "little") + header)
        for w in weights:
            mask = np.abs(w) > threshold
            gone += mask.size - np.count_nonzero(mask)
            file.write((w * mask).tobytes())
    return gone


wall, cpu = time.perf_counter(), time.process_time()
gone = main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(time.perf_counter() - wall, time.process_time() - cpu, gone, rss)
