"""Symmetric int8 with a scale for each row, as NumPy users write it: reference.py FROM TO. Prints wall and CPU seconds, mean squared error, MB."""

import json
import resource
import sys
import time

import numpy as np


def main(source, target):
    errors = []
    with open(source, "rb") as file, open(target, "wb") as out:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        for entry in header.values():
            if "data_offsets" not in entry:
                continue
            w = np.fromfile(file, np.float32, int(np.prod(entry["shape"]))).reshape(entry["shape"])
            scale = (np.abs(w).max(axis=1) / 127).astype(np.float32)
            codes = np.clip(np.rint(w / scale[:, None]), -127, 127).astype(np.int8)
            out.write(codes.tobytes())
            out.write(scale.tobytes())
            errors.append(np.mean((w - codes * scale[:, None]) ** 2, dtype=np.float64))
    return np.mean(errors)


wall, cpu = time.perf_counter(), time.process_time()
mse = main(sys.argv[1], sys.argv[2])
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(time.perf_counter() - wall, time.process_time() - cpu, mse, rss)
