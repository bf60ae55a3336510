"""Makes test/fixtures/io/huge.h5: compressed rows with more than 2^32 stored entries in a few kilobytes.

Run with h5py 3.16.0. Only chunks with entries that the test reads are written; HDF5 fills the others with zeros. Value and column of
entry e are e % 97 + 1 and e % 1,000,003, so that a read at a wrong place shows.
"""

from pathlib import Path

import h5py
import numpy as np

ENTRIES = 2**32 + 1000
CHUNK = 4096
# Rows: entries around the start, 2^31, 2^32 and the end, with one long row between each.
ends = [0, 5, 2**31 - 3, 2**31 + 4, 2**32 - 2, 2**32 + 6, ENTRIES - 3, ENTRIES]
out = Path(__file__).parent.parent / "fixtures" / "io" / "huge.h5"

with h5py.File(out, "w") as file:
    group = file.create_group("matrix")
    group["shape"] = np.array([2**30, len(ends) - 1], dtype="<i4")
    group["barcodes"] = np.array([b"cell%d" % i for i in range(len(ends) - 1)])
    group["indptr"] = np.array(ends, dtype="<i8")
    for name, dtype, rule in [("data", "<i4", lambda e: e % 97 + 1), ("indices", "<i8", lambda e: e % 1_000_003)]:
        values = group.create_dataset(
            name, shape=(ENTRIES,), dtype=dtype, chunks=(CHUNK,), compression="gzip", shuffle=True
        )
        for k in (0, 2, 4, 6):
            entries = np.arange(ends[k], ends[k + 1], dtype=np.int64)
            values[ends[k] : ends[k + 1]] = rule(entries)
print(out.stat().st_size, "bytes")
