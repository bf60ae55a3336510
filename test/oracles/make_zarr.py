"""Makes test/fixtures/io/{anndata-v2,anndata-v3,spatialdata-v2,spatialdata-v3,legacy}.*: stores and files on invented data.

Run with anndata 0.13.4, spatialdata 0.8.0, zarr 3.4.2, h5py 3.16.0, geopandas 1.2.0. The h5ad files of old anndata (one compound table
for obs, raw.X beside X, LZF) are written with h5py as those versions did; so are the ragged shapes of container 0.1.
"""

import gzip
import json
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path

import anndata
import geopandas as gpd
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp
import spatialdata as sd
import zarr
from shapely import MultiPolygon, Point, Polygon
from spatialdata.models import Labels2DModel, ShapesModel, TableModel
from spatialdata.transformations import Affine, Scale, Sequence, Translation

warnings.filterwarnings("ignore")
out = Path(__file__).parent.parent / "fixtures" / "io"
out.mkdir(parents=True, exist_ok=True)
counts = np.array([[0, 2, 0], [3, 0, 0], [0, 0, 4], [1, 1, 1]], dtype=np.float32)


def table(shape_ids: list, region: list[str]) -> anndata.AnnData:
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(region),
            "instance": shape_ids,
            "kind": pd.Categorical(["b", None, "a", "a"], categories=["b", "a"]),
            "flag": [True, False, True, True],
            "some": pd.array([7, None, 9, 1], dtype="Int64"),
            "ratio": [0.5, np.nan, 1.5, 2],
        },
        index=["w", "x", "y", "z"],
    )
    var = pd.DataFrame({"gene_symbols": ["A", "B", "C"]}, index=["g1", "g2", "g3"])
    a = anndata.AnnData(sp.csr_matrix(counts), obs=obs, var=var)
    a.layers["log"] = sp.csc_matrix(np.log1p(counts))
    a.layers["scaled"] = (counts - counts.mean(axis=0)).astype(np.float32)
    return a


def archive(folder: Path, name: str, skip=lambda path: False) -> None:
    """A zip of fixed dates, so that equal content gives equal bytes."""
    with zipfile.ZipFile(out / name, "w", zipfile.ZIP_DEFLATED) as z:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder).as_posix()
            if path.is_file() and not skip(inside):
                z.writestr(zipfile.ZipInfo(inside, (2000, 1, 1, 0, 0, 0)), path.read_bytes(), zipfile.ZIP_DEFLATED)


def square(x: float, y: float, size: float = 2) -> Polygon:
    return Polygon([(x, y), (x + size, y), (x + size, y + size), (x, y + size)])


with tempfile.TemporaryDirectory() as t:
    tmp = Path(t)
    for version in (2, 3):
        a = table([1, 2, 3, 4], ["r"] * 4)
        a.obsm["spatial"] = np.array([[1.5, 2], [3, 4], [5, 6], [7, 8]])
        a.obsm["X_umap"] = np.arange(8, dtype=np.float32).reshape(4, 2)
        if version == 2:
            anndata.settings.zarr_write_format = 2
        a.write_zarr(tmp / f"a{version}.zarr")
        anndata.settings.zarr_write_format = 3
        archive(tmp / f"a{version}.zarr", f"anndata-v{version}.zarr.zip")

    # two regions: polygons (one of two parts) scaled then shifted, circles under an affine; a row without a shape
    half = Sequence([Scale([2.0, 3.0], axes=("x", "y")), Translation([10.0, 20.0], axes=("x", "y"))])
    turn = Affine([[0, -1, 5], [1, 0, 6], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))
    polygons = gpd.GeoDataFrame(
        {"geometry": [square(0, 0), MultiPolygon([square(4, 4, 1), square(8, 4, 3)])]}, index=["p", "q"]
    )
    circles = gpd.GeoDataFrame({"geometry": [Point(1, 2), Point(3, 4)], "radius": [1.5, 2.5]}, index=["r", "s"])
    cells = table(["q", "p", "s", "missing"], ["polygons", "polygons", "circles", "circles"])
    data = sd.SpatialData(
        shapes={
            "polygons": ShapesModel.parse(polygons, transformations={"global": half}),
            "circles": ShapesModel.parse(circles, transformations={"global": turn}),
        },
        tables={
            "cells": TableModel.parse(
                cells, region=["polygons", "circles"], region_key="region", instance_key="instance"
            )
        },
    )
    from spatialdata._io.format import SpatialDataContainerFormatV01

    data.write(tmp / "s3.zarr")
    archive(tmp / "s3.zarr", "spatialdata-v3.zarr.zip")
    data.write(tmp / "s2.zarr", sdata_formats=[SpatialDataContainerFormatV01()])
    archive(tmp / "s2.zarr", "spatialdata-v2.zarr.zip")

    # ragged shapes as container 0.1 had them: arrays for coordinates, offsets and index
    ragged = tmp / "ragged.zarr"
    shutil.copytree(tmp / "s2.zarr", ragged)
    for name, geos, arrays in (
        (
            "polygons",
            {"name": "MULTIPOLYGON", "type": 6},
            {
                "coords": np.array([c for g in (square(0, 0), square(4, 4, 1), square(8, 4, 3)) for c in g.exterior.coords]),
                "offset0": np.array([0, 5, 10, 15]),
                "offset1": np.array([0, 1, 2, 3]),
                "offset2": np.array([0, 1, 3]),
                "Index": np.array(["p", "q"], dtype=object),
            },
        ),
        (
            "circles",
            {"name": "POINT", "type": 0},
            {
                "coords": np.array([[1.0, 2], [3, 4]]),
                "radius": np.array([1.5, 2.5]),
                "Index": np.array(["r", "s"], dtype=object),
            },
        ),
    ):
        folder = ragged / "shapes" / name
        (folder / "shapes.parquet").unlink()
        group = zarr.open_group(folder, mode="r+", zarr_format=2)
        for key, values in arrays.items():
            if key == "Index":
                from numcodecs import VLenUTF8

                made = group.create_array(key, shape=values.shape, dtype=str, filters=[VLenUTF8()])
                made[:] = values.astype(str)
            else:
                group.create_array(key, data=values)
        attrs = json.loads((folder / ".zattrs").read_text())
        attrs["spatialdata_attrs"] = {"geos": geos, "version": "0.1"}
        (folder / ".zattrs").write_text(json.dumps(attrs))
    archive(ragged, "spatialdata-ragged.zarr.zip", lambda p: p == ".zmetadata")

    # labels: centers of pixels, scaled
    mask = np.zeros((6, 8), dtype=np.int32)
    mask[0:2, 0:2] = 11
    mask[3:6, 4:8] = 12
    placed = table([11, 12, 13, 14], ["mask"] * 4)
    labeled = sd.SpatialData(
        labels={"mask": Labels2DModel.parse(mask, dims=("y", "x"), transformations={"global": Scale([2.0], axes=("x",))})},
        tables={"table": TableModel.parse(placed, region="mask", region_key="region", instance_key="instance")},
    )
    labeled.write(tmp / "l.zarr")
    archive(tmp / "l.zarr", "spatialdata-labels.zarr.zip")

    # anndata 0.5 and 0.6: compound tables, texts of fixed and of any length, codes with categories in uns, raw beside X
    with h5py.File(tmp / "old.h5ad", "w") as f:
        text = h5py.string_dtype()
        obs = np.zeros(4, dtype=[("index", text), ("kind", "i1"), ("ratio", "<f4"), ("on", "?"), ("note", "S4")])
        obs["index"] = ["w", "x", "y", "z"]
        obs["kind"] = [1, -1, 0, 0]
        obs["ratio"] = [0.5, 1, 1.5, 2]
        obs["on"] = [True, False, True, True]
        obs["note"] = [b"one", b"", b"vier", b"x"]
        f.create_dataset("obs", data=obs, compression="lzf", chunks=(3,))
        f["var"] = np.array([(b"g1",), (b"g2",), (b"g3",)], dtype=[("index", "S2")])
        f["raw.var"] = f["var"][:]
        f["uns/kind_categories"] = np.array([b"a", b"b"])
        f.create_dataset("X", data=counts - counts.mean(axis=0), compression="lzf", shuffle=True, chunks=(3, 2))
        raw = sp.csr_matrix(counts)
        group = f.create_group("raw.X")
        group.attrs["h5sparse_format"] = "csr"
        group.attrs["h5sparse_shape"] = np.array(raw.shape)
        for key in ("data", "indices", "indptr"):
            group.create_dataset(key, data=getattr(raw, key), maxshape=(None,), compression="lzf", fletcher32=True)
        obsm = np.zeros(4, dtype=[("X_pca", "<f4", (3,)), ("spatial", "<f8", (2,))])
        obsm["X_pca"] = np.arange(12).reshape(4, 3)
        obsm["spatial"] = np.arange(8).reshape(4, 2) / 2
        f["obsm"] = obsm
    (out / "compound-lzf.h5ad.gz").write_bytes(gzip.compress((tmp / "old.h5ad").read_bytes(), mtime=0))
