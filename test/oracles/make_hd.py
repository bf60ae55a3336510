"""Makes test/fixtures/io/visium-hd.zip and visium-hd.json: a Visium HD run on invented counts, and what its parts hold.

Run with h5py 3.16.0, numpy, pandas, pyarrow. Layout as Space Ranger 4 leaves it: genuine names (s_002um_00000_00000-1), binned_outputs
of 2, 8 and 16 um, segmented_outputs, barcode_mappings.parquet (names of cells null where there is none, as Space Ranger 4.0.1
writes it; capitals, cellid_000000000 and no "-1" in a second file, as 10x's documentation shows it), feature_slice.h5.
"""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

out = Path(__file__).parent.parent / "fixtures" / "io"
rng = np.random.default_rng(11)
ROWS, COLS, GENES = 26, 22, 5  # 2 um bins; no multiples of 4 or 8
names = [f"Gene{j}" for j in range(GENES)]
ids = [f"ENSG{j:011d}" for j in range(GENES)]
# center of a 2 um bin (col, row, 1) to microscope pixels: about 7.3 pixels per bin, turned and slightly in perspective
transform = np.array([[7.3, -0.21, 500.0], [0.2, 7.31, 800.0], [1e-6, -2e-6, 1.0]])

grid = pd.DataFrame([(r, c) for r in range(ROWS) for c in range(COLS)], columns=["row", "col"])
grid["tissue"] = ((grid.row - 12) ** 2 + (grid.col - 10) ** 2 < 121).astype(int)
cells = {7: (6, 6), 12: (6, 13), 199028: (14, 8), 200001: (18, 14)}
grid["cell"], grid["nucleus"] = 0, 0
for number, (r, c) in cells.items():
    distance = (grid.row - r) ** 2 + (grid.col - c) ** 2
    grid.loc[distance <= 9, "cell"] = number
    grid.loc[distance <= 2, "nucleus"] = number

n = 1200
umis = pd.DataFrame(
    {"row": rng.integers(0, ROWS, n), "col": rng.integers(0, COLS, n), "gene": rng.integers(0, GENES - 1, n), "count": 1}
)
umis = umis.groupby(["row", "col", "gene"], as_index=False).sum().merge(grid, on=["row", "col"])


def bin_name(size: int, row: int, col: int) -> str:
    return f"s_{size:03d}um_{row:05d}_{col:05d}-1"


def cell_name(number: int) -> str:
    return f"cellid_{number:09d}-1"


def project(col: float, row: float) -> tuple[float, float]:
    x, y, w = transform @ np.array([col, row, 1.0])
    return x / w, y / w


files: dict[str, bytes] = {}


def h5(name: str, build) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        build(f)
    files[name] = buffer.getvalue()


def features(g: h5py.Group) -> None:
    g["_all_tag_keys"] = np.array([b"genome"])
    g["feature_type"] = np.array([b"Gene Expression"] * GENES)
    g["genome"] = np.array([b"GRCh38"] * GENES)
    g["id"] = np.array(ids, "S")
    g["name"] = np.array(names, "S")


def matrix(name: str, barcodes: list[str], entries: pd.DataFrame) -> None:
    """entries: barcode number, gene, count."""

    def build(f: h5py.File) -> None:
        f.attrs["chemistry_description"] = "Visium HD v1"
        f.attrs["filetype"] = "matrix"
        f.attrs["version"] = 2
        e = entries.sort_values(["barcode", "gene"])
        g = f.create_group("matrix")
        g["barcodes"] = np.array(barcodes, "S")
        g["data"] = e["count"].to_numpy(np.int32)
        g["indices"] = e["gene"].to_numpy(np.int64)
        g["indptr"] = np.searchsorted(e["barcode"], np.arange(len(barcodes) + 1)).astype(np.int64)
        g["shape"] = np.array([GENES, len(barcodes)], np.int32)
        features(g.create_group("features"))

    h5(name, build)


def parquet(name: str, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=200)
    files[name] = buffer.getvalue()


expected: dict = {"ids": ids, "bins": {}, "places": {}}
for factor, size in ((1, 2), (3, 6), (4, 8), (8, 16)):
    g = grid.assign(row=grid.row // factor, col=grid.col // factor).groupby(["row", "col"], as_index=False)["tissue"].max()
    u = umis.assign(row=umis.row // factor, col=umis.col // factor).groupby(["row", "col", "gene"], as_index=False)["count"].sum()
    if size > 2:
        expected["bins"][size] = u[["row", "col", "gene", "count"]].to_numpy().tolist()
    center = [project((c + 0.5) * factor - 0.5, (r + 0.5) * factor - 0.5) for r, c in zip(g.row, g.col)]
    if size > 2:
        expected["places"][size] = [[int(r), int(c), round(x, 4), round(y, 4)] for r, c, (x, y) in zip(g.row, g.col, center)]
    if size == 6:
        continue
    folder = f"outs/binned_outputs/square_{size:03d}um/"
    barcodes = [bin_name(size, r, c) for r, c in zip(g.row, g.col)]
    g["barcode"] = range(len(g))
    matrix(f"{folder}filtered_feature_bc_matrix.h5", barcodes, u.merge(g, on=["row", "col"])[["barcode", "gene", "count"]])
    parquet(
        f"{folder}spatial/tissue_positions.parquet",
        pa.table(
            {
                "barcode": barcodes,
                "in_tissue": g.tissue.to_numpy(np.int64),
                "array_row": g.row.to_numpy(np.int64),
                "array_col": g.col.to_numpy(np.int64),
                "pxl_row_in_fullres": [y for _, y in center],
                "pxl_col_in_fullres": [x for x, _ in center],
            }
        ),
    )
    scale = {"spot_diameter_fullres": 7.3 * factor, "bin_size_um": float(size), "microns_per_pixel": 2 / 7.3}
    scale |= {"fiducial_diameter_fullres": 1.0, "regist_target_img_scalef": 0.3, "tissue_hires_scalef": 0.2, "tissue_lowres_scalef": 0.02}
    files[f"{folder}spatial/scalefactors_json.json"] = json.dumps(scale).encode()
    files[f"outs/binned_outputs/square_{size:03d}um.tar.gz"] = b"stray"

# Cells: one of the matrix has no outline; scale factors without spot diameter.
segmented = "outs/segmented_outputs/"
numbers = sorted(cells)
c = umis[umis.cell > 0].groupby(["cell", "gene"], as_index=False)["count"].sum()
c["barcode"] = c.cell.map({number: k for k, number in enumerate(numbers)})
matrix(f"{segmented}filtered_feature_cell_matrix.h5", [cell_name(k) for k in numbers], c[["barcode", "gene", "count"]])


def outlines(radius: float, of: list[int]) -> bytes:
    def ring(number: int) -> list[list[float]]:
        r, k = cells[number]
        corners = [(-radius, -radius), (radius, -radius), (radius, radius), (-radius, radius), (-radius, -radius)]
        return [list(project(k + dx, r + dy)) for dx, dy in corners]

    found = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring(k)]}, "properties": {"cell_id": k}} for k in of
    ]
    return json.dumps({"type": "FeatureCollection", "features": found}).encode()


files[f"{segmented}cell_segmentations.geojson"] = outlines(3.2, [199028, 7, 12])
files[f"{segmented}graphclust_annotated_cell_segmentations.geojson"] = outlines(3.2, [199028, 7, 12])
files[f"{segmented}nucleus_segmentations.geojson"] = outlines(1.5, [199028, 7, 12])
files[f"{segmented}spatial/scalefactors_json.json"] = json.dumps({"microns_per_pixel": 2 / 7.3, "tissue_hires_scalef": 0.2}).encode()


def mappings(bare: bool) -> pa.Table:
    tail = slice(None, -2 if bare else None)
    columns = {f"square_{s:03d}um": [bin_name(s, r * 2 // s, k * 2 // s)[tail] for r, k in zip(grid.row, grid.col)] for s in (2, 8, 16)}
    columns["cell_id"] = [cell_name(k)[tail] if k > 0 or bare else None for k in grid.cell]
    columns["in_nucleus"] = (grid.nucleus > 0).tolist()
    columns["in_cell"] = (grid.cell > 0).tolist()
    return pa.table({k.capitalize() if bare else k: v for k, v in columns.items()})


parquet("outs/barcode_mappings.parquet", mappings(False))
parquet("documented/Sample_barcode_mappings.parquet", mappings(True))


def feature_slice(f: h5py.File) -> None:
    layout = json.dumps({"file_format": "1.0", "spot_pitch": 2.0, "grid": {"nrows": ROWS, "ncols": COLS}})
    meta = {"sample_id": "S", "sample_desc": "", "slide_name": "visium_hd_v1", "nrows": ROWS, "ncols": COLS, "spot_pitch": 2.0, "hd_layout_json": layout}
    meta["transform_matrices"] = {"spot_colrow_to_microscope_colrow": transform.tolist(), "spot_colrow_to_cytassist_colrow": np.eye(3).tolist()}
    f.attrs["metadata_json"] = json.dumps(meta)
    f.attrs["filetype"] = "feature_slice"
    f.attrs["version"] = "0.1.0"
    features(f.create_group("features"))

    def coo(path: str, e: pd.DataFrame, kind: str, values) -> None:
        g = f.create_group(path)
        g.attrs["metadata_json"] = json.dumps({"kind": kind, "domain": "all_spots", "binning_scale": 1})
        for key, data in (("row", e.row), ("col", e.col), ("data", values)):
            g.create_dataset(key, data=np.asarray(data), chunks=(64,), maxshape=(None,), compression="gzip", shuffle=True)

    for j in range(GENES):
        e = umis[umis.gene == j]
        if len(e):
            coo(f"feature_slices/{j}", e, "raw_counts", e["count"])
    t = umis.groupby(["row", "col"], as_index=False)["count"].sum()
    coo("umis/total", t, "raw_counts", t["count"])
    m = grid[grid.tissue == 1]
    coo("masks/filtered", m, "binary_mask", np.ones(len(m), np.uint8))


h5("outs/feature_slice.h5", feature_slice)
with zipfile.ZipFile(out / "visium-hd.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for name, data in sorted(files.items()):
        z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def inside(column: str) -> list:
    e = umis[umis[column] > 0].groupby([column, "gene"], as_index=False)["count"].sum()
    return e[[column, "gene", "count"]].to_numpy().tolist()


overlap = {}
for factor, size in ((1, 2), (4, 8), (8, 16)):
    for column in ("cell", "nucleus"):
        g = grid[grid[column] > 0]
        o = g.assign(row=g.row // factor, col=g.col // factor).groupby([column, "row", "col"]).size().reset_index(name="n")
        overlap[f"{column} {size}"] = o[[column, "row", "col", "n"]].to_numpy().tolist()
places = {int(k): [float(v) for v in np.mean([project(c, r) for r, c in zip(g.row, g.col)], axis=0)] for k, g in grid[grid.cell > 0].groupby("cell")}
tissue = umis[umis.tissue == 1]
expected |= {
    "rows": ROWS,
    "cols": COLS,
    "cells": inside("cell"),
    "nuclei": inside("nucleus"),
    "overlap": overlap,
    "cellPlaces": places,
    "cell": grid.cell.tolist(),
    "tissue": int(tissue["count"].sum()),
}
(out / "visium-hd.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
