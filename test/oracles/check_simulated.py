"""Reads a simulated MERSCOPE or CosMx folder with pandas and geopandas and compares it with the tissue it was written from.

Usage: check_simulated.py FOLDER expected.json

expected.json: ids (the vendor's), genes, counts (cells x genes, row-major), x, y (micrometres), area (square micrometres), all in
the order of ids.
"""

import json
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from shapely.geometry import Polygon

folder, expected = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
ids, genes = expected["ids"], expected["genes"]
counts = np.array(expected["counts"]).reshape(len(ids), len(genes))


def near(what, found, wanted):
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=0, atol=1e-6, err_msg=what)


def merscope():
    by_gene = pd.read_csv(folder / "cell_by_gene.csv", dtype={"cell": str}, index_col="cell")
    cells = pd.read_csv(folder / "cell_metadata.csv", dtype={"EntityID": str}, index_col="EntityID").loc[ids]
    outlines = geopandas.read_parquet(folder / "cell_boundaries.parquet")
    assert set(outlines["ZIndex"]) == set(range(7)) and len(outlines) == 7 * len(ids)
    assert outlines.geometry.is_valid.all() and set(outlines.geom_type) == {"MultiPolygon"}
    outlines = outlines[outlines["ZIndex"] == 3]
    outlines.index = outlines["EntityID"].astype(str)
    shapes = outlines.loc[ids].geometry
    near("bounds", shapes.bounds, cells[["min_x", "min_y", "max_x", "max_y"]])
    return by_gene, cells["center_x"], cells["center_y"], shapes


def cosmx():
    def read(name):
        return pd.read_csv(next(folder.glob(f"*{name}.csv.gz")))

    def key(frame, number):
        return frame["fov"].astype(str) + "_" + frame[number].astype(str)

    by_gene, cells, corners, fields = map(read, ("exprMat_file", "metadata_file", "polygons", "fov_positions_file"))
    assert set(by_gene[by_gene["cell_ID"] == 0]["fov"]) == set(fields["FOV"])
    by_gene.index = key(by_gene, "cell_ID")
    cells.index = key(cells, "cell_ID")
    assert (("c_1_" + cells.index.to_series()) == cells["cell"]).all()
    cells = cells.loc[ids]
    place = fields.set_index("FOV").loc[cells["fov"]]
    near("global x", cells["CenterX_global_px"].values, place["x_global_px"].values + cells["CenterX_local_px"].values)
    near("global y", cells["CenterY_global_px"].values, place["y_global_px"].values - cells["CenterY_local_px"].values)
    pixel = np.sqrt(cells["Area.um2"].sum() / cells["Area"].sum())
    near("area in pixels", cells["Area"], np.round(np.array(expected["area"]) / pixel**2))
    top = (cells["CenterY_global_px"] * pixel).values + np.array(expected["y"])
    near("global y goes up", top, np.full(len(ids), top[0]))
    corners.index = key(corners, "cellID")
    xy = corners[["x_global_px", "y_global_px"]] * pixel
    xy["y_global_px"] = top[0] - xy["y_global_px"]
    shapes = geopandas.GeoSeries({name: Polygon(part.to_numpy()) for name, part in xy.groupby(level=0)}).loc[ids]
    return by_gene, cells["CenterX_global_px"] * pixel, top[0] - cells["CenterY_global_px"] * pixel, shapes


by_gene, x, y, shapes = cosmx() if any(folder.glob("*exprMat*")) else merscope()
np.testing.assert_array_equal(by_gene.loc[ids, genes].to_numpy(), counts)
near("x", x, expected["x"])
near("y", y, expected["y"])
near("area", shapes.area, expected["area"])
near("centroid x", shapes.centroid.x, expected["x"])
near("centroid y", shapes.centroid.y, expected["y"])
print(f"{len(ids)} x {len(genes)} as simulated")
