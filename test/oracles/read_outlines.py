"""Outlines of cells in real samples, as geopandas, h5py and pandas read them: a few numbers for each that tell whether
another reader found the same. Writes test/fixtures/real-outlines.json.

    python test/oracles/read_outlines.py FOLDER      # the folder `st` with the samples

Made with Python 3.12, geopandas 1.2, shapely 2.2, h5py 3.16, pandas 3.1. Nothing here is read by tissular.
"""

import glob
import json
import sys
from pathlib import Path

import geopandas
import h5py
import numpy as np
import pandas as pd
from shapely.geometry import Polygon

folder = Path(sys.argv[1])


def largest(shape):
    return max(getattr(shape, "geoms", [shape]), key=lambda part: Polygon(part.exterior).area)


def truth(names, shapes):
    """Numbers of shapes and corners, sums of coordinates and areas, and by order the sum of centroids."""
    corners = np.concatenate([np.concatenate([np.asarray(r.coords)[:, :2] for r in (s.exterior, *s.interiors)]) for s in shapes])
    centroids = np.array([(s.centroid.x, s.centroid.y) for s in shapes])
    order = np.arange(1, len(shapes) + 1)
    return {
        "shapes": len(shapes),
        "corners": len(corners),
        "x": float(corners[:, 0].sum()),
        "y": float(corners[:, 1].sum()),
        "area": float(sum(s.area for s in shapes)),
        "centroids": float((order * (centroids[:, 0] + 2 * centroids[:, 1])).sum()),
        "first": str(names[0]),
        "last": str(names[-1]),
    }


def table(path):
    frame = geopandas.read_parquet(path)
    planes = sorted(frame["ZIndex"].unique())
    frame = frame[frame["ZIndex"] == planes[len(planes) // 2]]
    return truth(list(frame["EntityID"]), [largest(s) for s in frame.geometry])


def fields(pattern):
    names, shapes = [], []
    for path in sorted(glob.glob(str(pattern))):
        with h5py.File(path) as file:
            for cell, group in file["featuredata"].items():
                pieces = [Polygon(p["coordinates"][0]) for p in group["zIndex_3"].values()]
                names.append(cell)
                shapes.append(max(pieces, key=lambda p: p.area))
    return truth(names, shapes)


def cosmx(path):
    frame = pd.read_csv(path)
    keys = frame["fov"].astype(str) + "_" + frame["cellID"].astype(str)
    cells = [(key, part) for key, part in frame.groupby(keys, sort=False)]
    shapes = []
    for _, part in cells:
        xy = part[["x_global_px", "y_global_px"]].to_numpy()
        shapes.append(Polygon(xy))
    found = truth([key for key, _ in cells], shapes)
    return {**found, "corners": len(frame), "x": float(frame["x_global_px"].sum()), "y": float(frame["y_global_px"].sum())}


found = {
    "merscope_cellbound_sfe": table(folder / "merscope_cellbound_sfe/cell_boundaries.parquet"),
    "merscope_cellpose_sfe": table(folder / "merscope_cellpose_sfe/Cellpose/cellpose_micron_space.parquet"),
    "merscope_cellbound_sfe fields": fields(folder / "merscope_cellbound_sfe/cell_boundaries/*.hdf5"),
    "merscope_me_ovarian fields": fields(folder / "merscope_me_ovarian/cell_boundaries/*.hdf5"),
    "cosmx_sfe": cosmx(folder / "cosmx_sfe/Run5642_S3_Quarter-polygons.csv"),
}
target = Path(__file__).parent.parent / "fixtures/real-outlines.json"
target.write_text(json.dumps(found, indent=2) + "\n")
