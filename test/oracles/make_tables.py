"""One table of counts and its coordinates, wide and long, in every dress that pyarrow 26.0.1 and pandas write.

usage: python make_tables.py FOLDER
writes wide.{parquet,lz4.feather,zstd.feather,arrow}, long.{parquet,lz4.feather,csv}, places.{parquet,lz4.feather} and truth.json
"""

import json
import sys
from pathlib import Path

import numpy
import pandas
import pyarrow
from pyarrow import feather

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(3)
genes = ["Actb", "Gad1", "Snap25", "Blank-1"]
cells = [str(112824700230101249 + 3 * k) for k in range(60)]
counts = random.poisson([4.0, 0.2, 1.0, 0.3], (60, 4))
wide = pandas.DataFrame(counts.astype("int32"), columns=genes)
wide.insert(0, "cell", numpy.array(cells, dtype="int64"))
row, column = counts.nonzero()
molecules = numpy.repeat(numpy.arange(len(row)), 40 * counts[row, column])
long = pandas.DataFrame(
    {
        "barcode": pandas.Categorical.from_codes(row[molecules], cells),
        "target": numpy.array(genes, dtype=object)[column[molecules]],
        "q": numpy.full(len(molecules), 30.5),
    }
)
counted = pandas.DataFrame(
    {"cell": numpy.array(cells)[row], "gene": numpy.array(genes)[column], "count": counts[row, column].astype("int64")}
)
order = random.permutation(60)
places = pandas.DataFrame({"area": random.uniform(20, 90, 60).round(2), "x_um": order * 1.5, "y_um": order * -0.5}, index=cells)
places = places.iloc[random.permutation(60)]

wide.to_parquet(folder / "wide.parquet", index=False)
for codec in ["lz4", "zstd"]:
    feather.write_feather(wide, folder / f"wide.{codec}.feather", compression=codec)
table = pyarrow.Table.from_pandas(wide, preserve_index=False)
with pyarrow.ipc.new_stream(folder / "wide.arrow", table.schema) as stream:
    stream.write_table(table, max_chunksize=25)
counted.to_parquet(folder / "long.parquet")
counted.to_csv(folder / "long.csv", index=False)
feather.write_feather(long, folder / "long.lz4.feather", compression="lz4")
places.to_parquet(folder / "places.parquet")
feather.write_feather(places.reset_index(names="cell"), folder / "places.lz4.feather", compression="lz4")
truth = {
    "cells": cells,
    "genes": genes,
    "counts": counts.tolist(),
    "x": (order * 1.5).tolist(),
    "area": places.loc[cells, "area"].tolist(),
}
(folder / "truth.json").write_text(json.dumps(truth))
