"""Makes a 10x HDF5 matrix larger than memory in minutes: a few packed chunks are written over and over.

usage: python make_blocks.py OUT.h5 ENTRIES [GENES]

Chunks of 2^20 entries hold whole rows of random length; 16 different ones take turns. Beside the file, OUT.json gets what must come
out: rows, genes, entries, and the totals of every gene. Needs numpy and h5py.
"""

import json
import sys
import zlib

import h5py
import numpy as np

CHUNK = 2**20
KINDS = 16
out, wanted = sys.argv[1], int(float(sys.argv[2]))
genes = int(sys.argv[3]) if len(sys.argv) > 3 else 5000
rng = np.random.default_rng(5)
weight = rng.lognormal(0, 1.2, genes)


def shuffled(values: np.ndarray) -> bytes:
    """As HDF5's filters pack it: bytes of equal place together, then deflate."""
    return zlib.compress(values.view(np.uint8).reshape(len(values), -1).T.tobytes(), 1)


def chunk() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = []
    while sum(lengths) < CHUNK:
        lengths.append(int(min(genes * 0.8, rng.lognormal(6.3, 0.4))))
    lengths[-1] -= sum(lengths) - CHUNK
    keys = -np.log(rng.random((len(lengths), genes))) / weight
    order = np.argsort(keys, axis=1)
    columns = [np.sort(row[:m]) for row, m in zip(order, lengths)]
    values = 1 + rng.poisson(rng.gamma(0.5, 1.5, CHUNK))
    return np.array(lengths), np.concatenate(columns).astype("<i8"), values.astype("<i4")


kinds = [chunk() for _ in range(KINDS)]
packed = [(shuffled(columns), shuffled(values)) for _, columns, values in kinds]
count = -(-wanted // CHUNK)
entries = count * CHUNK
lengths = np.concatenate([kinds[k % KINDS][0] for k in range(count)])
indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
rows = len(lengths)
totals = np.zeros(genes)
for k in range(KINDS):
    times = len(range(k, count, KINDS))
    totals += times * np.bincount(kinds[k][1], weights=kinds[k][2], minlength=genes)

zipped = dict(compression="gzip", compression_opts=1, shuffle=True)
with h5py.File(out, "w") as file:
    matrix = file.create_group("matrix")
    for name, dtype, which in [("indices", "<i8", 0), ("data", "<i4", 1)]:
        values = matrix.create_dataset(name, shape=(entries,), dtype=dtype, chunks=(CHUNK,), **zipped)
        for k in range(count):
            values.id.write_direct_chunk((k * CHUNK,), packed[k % KINDS][which])
    matrix.create_dataset("indptr", data=indptr, **zipped)
    matrix["shape"] = np.array([genes, rows], dtype="<i4")
    matrix.create_dataset("barcodes", data=np.char.add(np.arange(rows).astype("S10"), b"-1"), **zipped)
    features = matrix.create_group("features")
    features["id"] = np.array([b"ENSG%011d" % j for j in range(genes)])
    features["name"] = np.array([b"Gene%05d" % j for j in range(genes)])
    features["feature_type"] = np.array([b"Gene Expression"] * genes)
with open(out.rsplit(".", 1)[0] + ".json", "w") as file:
    json.dump({"rows": rows, "genes": genes, "entries": entries, "totals": totals.tolist()}, file)
print(f"{rows} x {genes}, {entries} entries")
