"""Outlines as geopandas writes them, and what shapely finds in them.

usage: python make_shapes.py FOLDER   (with geopandas 1.2.0, shapely 2.2.0, pyarrow 26.0.1)
writes shapes.geojson, shapes.parquet, shapes.csv and shapes.json (areas, and the shape around each of 200 points)
"""

import json
import sys
from pathlib import Path

import geopandas
import numpy
import shapely
from shapely import MultiPolygon, Point, Polygon

folder = Path(sys.argv[1])
random = numpy.random.default_rng(7)


def blob(x, y, radius, corners=12):
    angles = numpy.arange(corners) * 2 * numpy.pi / corners
    lengths = radius * random.uniform(0.7, 1.0, corners)
    return Polygon(numpy.round(numpy.c_[x + lengths * numpy.cos(angles), y + lengths * numpy.sin(angles)], 4))


ring = Polygon(blob(30, 10, 9).exterior, [blob(30, 10, 4).exterior, blob(33, 14, 1).exterior])
parts = MultiPolygon([blob(50, 10, 5), Polygon(blob(70, 12, 8).exterior, [blob(70, 12, 3).exterior])])
frame = geopandas.GeoDataFrame(
    {
        "cell_id": ["plain", "ring", "parts", "point", "empty"],
        "type": ["T", "B", "T", "B", "T"],
        "score": [0.5, 1.25, None, 3.0, 4.0],
        "count": [1, 2, 3, 4, 5],
    },
    geometry=[blob(10, 10, 9), ring, parts, Point(1, 1), Polygon()],
)
(folder / "shapes.geojson").write_text(frame.to_json(drop_id=True))
frame.to_parquet(folder / "shapes.parquet")
frame.to_csv(folder / "shapes.csv", index=False)
points = random.uniform([0, 0], [80, 22], (200, 2)).round(3)
inside = [
    next((i for i, g in zip(frame.cell_id, frame.geometry) if shapely.contains_xy(g, *p)), None) for p in points
]
areas = {i: g.area for i, g in zip(frame.cell_id, frame.geometry) if g.area > 0}
truth = {"geopandas": geopandas.__version__, "areas": areas, "points": points.tolist(), "inside": inside}
(folder / "shapes.json").write_text(json.dumps(truth))
