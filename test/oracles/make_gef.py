"""Makes test/fixtures/io/stereo-*.gef.gz, stereo.gem and stereo.json: Stereo-seq files on invented counts, and what they hold.

Run with h5py 3.16.0, numpy, pandas. Layouts follow SAW's manual (8.1, "Expression matrix format") and what geftools writes: bin
GEF with gene tables of SAW 8 (geneID, geneName) and before (gene), bins at the corner floor(x / N) * N, sums of other sizes
from the same molecules; cell bin GEF with borders of 32 corners relative to the center, padded with 32767.
"""

import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

out = Path(__file__).parent.parent / "fixtures" / "io"
rng = np.random.default_rng(7)
GENES = 12
names = [f"Gene{j}" for j in range(GENES)]
ids = [f"ENSMUSG{j:011d}" for j in range(GENES)]


def save(name: str, build) -> None:
    path = out / f"{name}.gef"
    with h5py.File(path, "w") as f:
        build(f)
    (out / f"{name}.gef.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


# Molecules: one row per gene and DNB, as bin1 has it.
n = 1500
bin1 = pd.DataFrame(
    {
        "gene": rng.integers(0, GENES - 1, n),  # the last gene has none
        "x": np.clip(rng.normal(130, 40, n), 3, 259).astype(int),
        "y": np.clip(rng.normal(90, 30, n), 5, 189).astype(int),
        "count": rng.geometric(0.6, n),
    }
).groupby(["gene", "x", "y"], as_index=False).sum()
bin1["exon"] = (bin1["count"] * 0.7).astype(int)


def binned(size: int) -> pd.DataFrame:
    b = bin1.assign(x=bin1.x // size * size, y=bin1.y // size * size)
    return b.groupby(["gene", "x", "y"], as_index=False).sum()


def gene_table(b: pd.DataFrame, old: bool) -> np.ndarray:
    count = b.groupby("gene").size().reindex(range(GENES), fill_value=0).to_numpy()
    offset = np.concatenate([[0], np.cumsum(count)[:-1]])
    if old:
        dtype = [("gene", "S32"), ("offset", "<u4"), ("count", "<u4")]
        return np.array(list(zip(names, offset, count)), dtype=dtype)
    dtype = [("geneID", "S64"), ("geneName", "S64"), ("offset", "<u4"), ("count", "<u4")]
    return np.array(list(zip(ids, names, offset, count)), dtype=dtype)


def whole_file(f: h5py.File, version: int, bin_type: str) -> None:
    f.attrs["version"] = np.array([version], "<u4")
    f.attrs["geftool_ver"] = np.array([1, 1, 17], "<u4")
    f.attrs["omics"] = np.array([b"Transcriptomics"], "S32")
    f.attrs["bin_type"] = np.array([bin_type.encode()], "S32")


def bins(sizes: list[int], resolution: int, old: bool):
    def build(f: h5py.File) -> None:
        whole_file(f, 2 if old else 4, "Bin")
        for size in sizes:
            b = binned(size)
            wide = np.uint8 if b["count"].max() < 256 else np.uint16
            rows = np.zeros(len(b), dtype=[("x", "<i4"), ("y", "<i4"), ("count", wide)])
            rows["x"], rows["y"], rows["count"] = b.x, b.y, b["count"]
            g = f.create_group(f"geneExp/bin{size}")
            e = g.create_dataset("expression", data=rows)
            for key, value in {
                "minX": 0, "minY": 0, "maxX": int(b.x.max()), "maxY": int(b.y.max()), "maxExp": int(b["count"].max()), "resolution": resolution,
            }.items():
                e.attrs[key] = np.array([value], "<i4" if key[:3] in ("min", "max") and key != "maxExp" else "<u4")
            g.create_dataset("gene", data=gene_table(b, old))
            if not old:
                g.create_dataset("exon", data=b.exon.to_numpy(np.uint8)).attrs["maxExon"] = np.array([b.exon.max()], "<i4")

    return build


save("stereo-bins", bins([1, 5, 20], 500, False))
save("stereo-bins-old", bins([1, 50], 715, True))
save("stereo-bins-50", bins([50], 500, True))

# Cells: squares of 16 x 16 DNBs every 40, numbered as the mask does; outlines of 4 to 32 corners.
cells = [(10 * k + 1, 60 + 40 * (k % 4), 50 + 40 * (k // 4)) for k in range(12)]
bin1["cell"] = 0
for number, cx, cy in cells:
    inside = (abs(bin1.x - cx) <= 8) & (abs(bin1.y - cy) <= 8)
    bin1.loc[inside, "cell"] = number


def cell_table() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    e = bin1[bin1.cell > 0].groupby(["cell", "gene"], as_index=False)["count"].sum()
    cell = np.zeros(
        len(cells),
        dtype={
            "names": ["id", "x", "y", "offset", "geneCount", "expCount", "dnbCount", "area", "cellTypeID", "clusterID"],
            "formats": ["<u4", "<i4", "<i4", "<u4"] + ["<u2"] * 6,
            "offsets": [0, 4, 8, 12, 16, 18, 20, 22, 24, 26],
            "itemsize": 28,
        },
    )
    border = np.full((len(cells), 32, 2), 32767, "<i2")
    offset = 0
    for k, (number, cx, cy) in enumerate(cells):
        mine = e[e.cell == number]
        dnbs = bin1[bin1.cell == number].groupby(["x", "y"]).ngroups
        cell[k] = (number, cx, cy, offset, len(mine), mine["count"].sum(), dnbs, 289, k % 2, k % 3 + 1)
        offset += len(mine)
        corners = [(-8, -8), (8, -8), (8, 8), (-8, 8)]
        if k == 1:
            corners = [(round(8 * np.cos(t)), round(8 * np.sin(t))) for t in np.arange(32) * np.pi / 16]
        if k != 2:  # one cell has no outline
            border[k, : len(corners)] = corners
    return cell, border, e


def cellbin(f: h5py.File) -> None:
    whole_file(f, 2, "CellBin")
    f.attrs["resolution"] = np.array([500], "<u4")
    f.attrs["offsetX"] = np.array([0], "<i4")
    f.attrs["offsetY"] = np.array([0], "<i4")
    cell, border, e = cell_table()
    g = f.create_group("cellBin")
    g.create_dataset("cell", data=cell)
    g.create_dataset("cellBorder", data=border)
    exp = np.zeros(len(e), dtype=[("geneID", "<u4"), ("count", "<u2")])
    exp["geneID"], exp["count"] = e.gene, e["count"]
    g.create_dataset("cellExp", data=exp)
    by_gene = e.sort_values(["gene", "cell"])
    index = {number: k for k, (number, _, _) in enumerate(cells)}
    gexp = np.zeros(len(e), dtype=[("cellID", "<u4"), ("count", "<u2")])
    gexp["cellID"], gexp["count"] = by_gene.cell.map(index), by_gene["count"]
    g.create_dataset("geneExp", data=gexp)
    stats = e.groupby("gene")["count"].agg(["size", "sum", "max"]).reindex(range(GENES), fill_value=0)
    gene = np.zeros(
        GENES,
        dtype=[("geneID", "S64"), ("geneName", "S64"), ("offset", "<u4"), ("cellCount", "<u4"), ("expCount", "<u4"), ("maxMIDcount", "<u2")],
    )
    gene["geneID"], gene["geneName"] = ids, names
    gene["offset"] = np.concatenate([[0], np.cumsum(stats["size"])[:-1]])
    gene["cellCount"], gene["expCount"], gene["maxMIDcount"] = stats["size"], stats["sum"], stats["max"]
    g.create_dataset("gene", data=gene)
    g.create_dataset("cellTypeList", data=np.array([b"default", b"neuron"], "S32"))
    g.create_dataset("blockIndex", data=np.arange(257, dtype="<u4"))
    g.create_dataset("blockSize", data=np.array([256, 256, 1, 1], "<u4"))


save("stereo-cells", cellbin)

# The same molecules as text, lines in no order, with the cell of each (0: none).
lines = ["#FileFormat=GEMv0.1", "#SortedBy=None", "#BinSize=1", "#STOmicsChip=C04042E3", "#OffsetX=0", "#OffsetY=0"]
lines.append("geneID\tgeneName\tx\ty\tMIDCount\tExonCount\tCellID")
for r in bin1.sample(frac=1, random_state=3).itertuples():
    lines.append(f"{ids[r.gene]}\t{names[r.gene]}\t{r.x}\t{r.y}\t{r.count}\t{r.exon}\t{r.cell}")
(out / "stereo.gem.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def triplets(b: pd.DataFrame) -> list[list[int]]:
    return b.sort_values(["y", "x", "gene"])[["x", "y", "gene", "count"]].to_numpy().tolist()


e = bin1[bin1.cell > 0].groupby(["cell", "gene"], as_index=False)["count"].sum()
places = bin1[bin1.cell > 0].drop_duplicates(["cell", "x", "y"]).groupby("cell")[["x", "y"]].mean()
expected = {
    "ids": ids,
    "names": names,
    "sums": {str(s): [int(len(binned(s).drop_duplicates(["x", "y"]))), int(len(binned(s))), int(binned(s)["count"].sum())] for s in (1, 5, 7, 20, 50)},
    "first50": {k: int(binned(50).iloc[0][k]) for k in "xy"},
    "bin20": triplets(binned(20)),
    "bin40": triplets(binned(40)),
    "cells": [list(c) for c in cells],
    "cellCounts": e[["cell", "gene", "count"]].to_numpy().tolist(),
    "cellPlaces": {str(k): [float(v.x), float(v.y)] for k, v in places.iterrows()},
    "background": int((bin1.cell == 0).sum()),
}
(out / "stereo.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
