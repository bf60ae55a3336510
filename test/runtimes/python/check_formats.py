"""Reads what every writer made in FOLDER with Python's own readers and compares it, value for value, with manifest.json."""
import json
import sys
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import anndata
import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import scanpy
import scipy.sparse as sp
from PIL import Image

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
want = json.loads((folder / "manifest.json").read_text())
checked = []


def raw(ref):
    return np.frombuffer((folder / ref["file"]).read_bytes(), dtype=ref["type"])


def same(what, found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, wanted {expected.shape}"
    assert np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f"), f"{what}: values differ"
    checked.append(what)


def csr(ref):
    parts = [raw(ref[part]) for part in ("data", "indices", "indptr")]
    return sp.csr_matrix((parts[0], parts[1].astype(np.int64), parts[2].astype(np.int64)), shape=tuple(ref["shape"]))


def same_matrix(what, found, expected):
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, wanted {expected.shape}"
    same(what, (sp.csr_matrix(found).astype(np.float64) != expected.astype(np.float64)).nnz, 0)


def same_frame(what, frame, columns, rename=lambda name: name):
    """Columns of a data frame; in Parquet and Arrow missing values are nulls."""
    for name, ref in columns.items():
        got = frame[rename(name)]
        if ref["kind"] == "categorical":
            names = np.array([*ref["categories"], None], dtype=object)
            texts = got.astype(object)
            same(f"{what}.{name}", texts.where(texts.notna(), None), names[raw(ref["codes"])])
        elif ref["kind"] == "strings":
            same(f"{what}.{name}", got.to_numpy().astype(str), np.array(ref["values"], dtype=str))
        else:
            same(f"{what}.{name}", got.to_numpy().astype(raw(ref).dtype), raw(ref))


def polygons(ref):
    """Rings of each outline as they are in memory."""
    shapes, rings, xy = raw(ref["shapeOffsets"]), raw(ref["ringOffsets"]), raw(ref["coordinates"]).reshape(-1, 2)
    return [[xy[rings[r] : rings[r + 1]] for r in range(a, b)] for a, b in zip(shapes[:-1], shapes[1:])]


def same_polygons(what, geometry, ref):
    found = list(geometry)
    expected = polygons(ref)
    assert len(found) == len(expected), f"{what}: {len(found)} outlines, wanted {len(expected)}"
    for polygon, rings in zip(found, expected):
        for ring, corners in zip([polygon.exterior, *polygon.interiors], rings, strict=True):
            assert np.array_equal(np.asarray(ring.coords)[: len(corners)], corners), f"{what}: corners differ"
    checked.append(what)


ids, genes = want["cells"]["ids"], want["genes"]["ids"]
counts = want["counts"] and csr(want["counts"])
kinds = want["features"]
all_features = sp.hstack([counts, *(csr(k["values"]) for k in kinds.values())]).tocsr() if counts is not None else None
all_ids = [*genes, *(i for k in kinds.values() for i in k["table"]["ids"])]
all_kinds = ["Gene Expression"] * len(genes) + [kind for kind, k in kinds.items() for _ in k["table"]["ids"]]

a = anndata.read_zarr(folder / "result.zarr")
same("zarr obs_names", a.obs_names, ids)
same_frame("zarr obs", a.obs, want["cells"]["columns"])
if want["positions"]:
    same("zarr positions", a.obsm["spatial"], raw(want["positions"]["data"]).reshape(want["positions"]["shape"]))
if counts is not None:
    same_matrix("zarr counts", a.layers["counts"] if "counts" in a.layers else a.X, counts)
    for name, b in {
        "10x h5": scanpy.read_10x_h5(folder / "matrix.h5", gex_only=False),
        "10x mtx": scanpy.read_10x_mtx(folder / "mtx", gex_only=False),
    }.items():
        same_matrix(name, b.X, all_features)
        same(f"{name} barcodes", b.obs_names, ids)
        same(f"{name} ids", b.var["gene_ids"], all_ids)
        same(f"{name} kinds", b.var["feature_types"].astype(str), all_kinds)

for name, table in {
    "parquet": pa.parquet.read_table(folder / "cells.parquet"),
    "arrow": pa.ipc.open_file(folder / "cells.arrow").read_all(),
}.items():
    table.validate(full=True)
    frame = table.to_pandas()
    same(f"{name} ids", frame["id"], ids)
    same_frame(name, frame, want["cells"]["columns"])
    for column, ref in want["cells"]["columns"].items():
        if name == "arrow" and ref["kind"] == "categorical":
            same(f"arrow.{column} categories", list(frame[column].cat.categories), ref["categories"])

for name, ref in want["shapes"].items():
    g = geopandas.read_file(folder / f"{name}.geojson")
    same(f"geojson {name} ids", g["cell_id"], ref["ids"])
    same_polygons(f"geojson {name}", g.geometry, ref)

versions = [f"{p} {version(p)}" for p in ("anndata", "scanpy", "pyarrow", "geopandas")]
if find_spec("spatialdata") is not None:
    import spatialdata
    from spatialdata.transformations import get_transformation

    s = spatialdata.read_zarr(folder / "sample.zarr")
    t = s.tables["table"]
    spatialdata.models.TableModel().validate(t)
    same("spatialdata obs_names", t.obs_names, ids)
    if counts is not None:
        same_matrix("spatialdata counts", t.layers["counts"] if "counts" in t.layers else t.X, counts)
    for name, ref in want["shapes"].items():
        same(f"spatialdata {name} ids", s.shapes[name].index, ref["ids"])
        same_polygons(f"spatialdata {name}", s.shapes[name].geometry, ref)
    attrs = t.uns.get("spatialdata_attrs")
    if want["positions"]:
        _, joined = spatialdata.join_spatialelement_table(
            sdata=s, spatial_element_names=[attrs["region"]], table_name="table"
        )
        same("spatialdata join", joined.obs[attrs["instance_key"]], ids)
        microns = want["micronsPerUnit"]
        if want["unit"] == "px" and microns is not None:
            way = get_transformation(s.shapes[attrs["region"]], "micrometers").to_affine_matrix(("x", "y"), ("x", "y"))
            same("spatialdata micrometers", way, np.diag([microns, microns, 1.0]))
    if "transcripts" in want:
        points = s.points["transcripts"]
        spatialdata.models.PointsModel().validate(points)
        same_frame("spatialdata transcripts", points.compute(), want["transcripts"])
        keys = points.attrs["spatialdata_attrs"]
        same("spatialdata feature key", keys["feature_key"], "feature_name")
        same("spatialdata instance key", keys["instance_key"], "cell_id")
        way = get_transformation(points, "global").to_affine_matrix(("x", "y"), ("x", "y"))
        same("spatialdata transcripts to global", way, np.eye(3))
    for image in want["images"]:
        pixels = np.asarray(Image.open(folder / image["file"]).convert("RGB"))
        same(f"spatialdata image {image['name']}", s.images[image["name"]].to_numpy(), np.moveaxis(pixels, 2, 0))
    versions.append(f"spatialdata {version('spatialdata')}")
else:
    print("spatialdata is not installed: its store is not read")
print(f"{len(checked)} parts of 8 formats equal ({', '.join(versions)})")
