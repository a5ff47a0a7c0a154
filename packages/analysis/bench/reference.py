"""What NumPy users write. Prints wall seconds, CPU seconds and a value: reference.py MODE FILE BEGIN ELEMENTS [K]."""

import sys
import time

import numpy as np

WINDOW = 1 << 20


def windows(path, begin, elements):
    """A window of 4 MB at a time, read into the same buffer."""
    with open(path, "rb", buffering=0) as file:
        file.seek(begin)
        buffer = np.empty(WINDOW, np.float32)
        for done in range(0, elements, WINDOW):
            x = buffer[: min(WINDOW, elements - done)]
            file.readinto(memoryview(x).cast("B"))
            yield x


def chunked(path, begin, elements):
    """One-pass statistics, each figure by the function that NumPy has for it."""
    zeros = nan = inf = 0
    low, high, total, squares = np.inf, -np.inf, 0.0, 0.0
    rows = []
    for x in windows(path, begin, elements):
        rows.append((x.reshape(-1, 4096) == 0).sum(axis=1))
        zeros += int(rows[-1].sum())
        odd = int(np.isnan(x).sum()), int(np.isinf(x).sum())
        nan, inf = nan + odd[0], inf + odd[1]
        if any(odd):
            x = x[np.isfinite(x)]
        low, high = min(low, x.min()), max(high, x.max())
        total += float(x.sum(dtype=np.float64))
        squares += float(np.square(x).sum(dtype=np.float64))
    return zeros + total


def tuned(path, begin, elements):
    """The same by somebody who measures: one test for what is not finite, squares by a dot product."""
    zeros = nan = inf = 0
    low, high, total, squares = np.inf, -np.inf, 0.0, 0.0
    rows = []
    for x in windows(path, begin, elements):
        rows.append(np.count_nonzero(x.reshape(-1, 4096) == 0, axis=1))
        zeros += int(rows[-1].sum())
        finite = np.isfinite(x)
        if not finite.all():
            nan += int(np.isnan(x).sum())
            inf += int(np.isinf(x).sum())
            x = x[finite]
        low, high = min(low, x.min()), max(high, x.max())
        total += float(x.sum(dtype=np.float64))
        squares += float(np.dot(x, x))
    return zeros + total


def kth(path, begin, elements, k):
    """The k-th largest magnitude, with the file read."""
    x = np.fromfile(path, np.float32, elements, offset=begin)
    np.abs(x, out=x)
    x.partition(elements - k)
    return float(x[elements - k])


mode, path, begin, elements = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
wall, cpu = time.perf_counter(), time.process_time()
modes = {"chunked": chunked, "tuned": tuned}
value = modes[mode](path, begin, elements) if mode in modes else kth(path, begin, elements, int(sys.argv[5]))
print(time.perf_counter() - wall, time.process_time() - cpu, repr(value))
