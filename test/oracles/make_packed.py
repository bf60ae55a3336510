"""Makes test/fixtures/io/packed*: small tables and matrices on invented data, packed in every way that is unpacked.

Fixtures: pyarrow 26.0.1, h5py 3.16.0, numpy 2.5.5.
"""

from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

out = Path(__file__).parent.parent / "fixtures" / "io"
n = 40
names = [f"cell{i // 2:03d}-{i % 2 + 1}" for i in range(n)]
cells = pa.table(
    {
        "cell_id": names,
        "x_centroid": np.arange(n) * 1.5,
        "y_centroid": np.float32(np.arange(n) % 7),
        "transcript_counts": np.arange(n) * 3,
        "nucleus_area": pa.array([None if i % 5 == 0 else i * 0.25 for i in range(n)]),
        "nucleus_count": pa.array(np.arange(n) % 3, pa.int32()),
        "segmentation_method": ["boundary" if i % 3 else "nucleus" for i in range(n)],
        "is_edge": [i % 4 == 0 for i in range(n)],
    }
)
spread = {
    "cell_id": "DELTA_BYTE_ARRAY",
    "segmentation_method": "DELTA_LENGTH_BYTE_ARRAY",
    "transcript_counts": "DELTA_BINARY_PACKED",
    "nucleus_count": "DELTA_BINARY_PACKED",
    "x_centroid": "BYTE_STREAM_SPLIT",
    "y_centroid": "BYTE_STREAM_SPLIT",
}
for name, options in {
    "zstd": {"compression": "zstd"},
    "snappy-v2": {"compression": "snappy", "data_page_version": "2.0"},
    "gzip-deltas": {"compression": "gzip", "use_dictionary": False, "column_encoding": spread},
    "lz4": {"compression": "lz4", "use_dictionary": ["cell_id"], "write_statistics": False},
    "plain": {"compression": "none"},
    "plain-deltas-v2": {
        "compression": "none",
        "data_page_version": "2.0",
        "use_dictionary": False,
        "column_encoding": spread,
    },
}.items():
    pq.write_table(cells, out / f"packed-{name}.parquet", row_group_size=25, store_schema=False, **options)

rng = np.random.default_rng(1)
x = rng.poisson(0.4, (n, 12))
rows, columns = np.nonzero(x)
for libver in ["earliest", "latest"]:
    with h5py.File(out / f"packed-{libver}.h5", "w", libver=libver) as file:
        m = file.create_group("matrix")

        def add(name, data, **options):
            m.create_dataset(name, data=data, chunks=(16,), compression="gzip", shuffle=True, maxshape=(None,), **options)

        add("barcodes", np.array(names, "S9"))
        add("data", x[rows, columns].astype(np.int32))
        add("indices", columns.astype(np.int64))
        add("indptr", np.concatenate([[0], np.cumsum((x > 0).sum(1))]).astype(np.int64), fletcher32=True)
        m["shape"] = np.array([12, n], np.int32)
        m.create_group("features")
        add("features/id", np.array([f"g{j}" for j in range(12)], dtype=object), dtype=h5py.string_dtype())
        add("features/name", np.array([f"G{j}" for j in range(12)], "S4"))
        add("features/feature_type", np.array(["Gene Expression"] * 12, "S16"))
