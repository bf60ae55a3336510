"""Makes test/fixtures/polygons.json: polygons with holes, points, and which polygon holds which point.

Run with shapely 2.2.0, geopandas 1.2.0. `first` is the first polygon that contains the point (-1: none), `several` how many points lie in
more than one; no point lies on an edge. `sjoin` is the number of pairs that geopandas' spatial join finds.
"""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

rng = np.random.default_rng(4)


def ring(cx, cy, radius, corners):
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    r = radius * rng.uniform(0.5, 1, corners)
    return np.round(np.column_stack([cx + r * np.cos(angle), cy + r * np.sin(angle)]), 3)


polygons = []
while len(polygons) < 40:
    x, y = rng.uniform(0, 100, 2)
    radius = rng.choice([4, 8, 30], p=[0.6, 0.3, 0.1])
    rings = [ring(x, y, radius, rng.integers(3, 25))]
    hole = ring(x, y, radius / 4, 6)
    if shapely.Polygon(rings[0]).contains(shapely.Polygon(hole)):
        rings.append(hole)
    if shapely.Polygon(rings[0], rings[1:]).is_valid:
        polygons.append(rings)
shapes = [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]
points = np.round(rng.uniform(-5, 105, (1500, 2)), 4)
within = np.array([shapely.contains_xy(shape, points[:, 0], points[:, 1]) for shape in shapes])
touch = np.array([shapely.intersects_xy(shape.boundary, points[:, 0], points[:, 1]) for shape in shapes])
assert not touch.any() and any(len(rings) > 1 for rings in polygons)
joined = gpd.sjoin(gpd.GeoDataFrame(geometry=gpd.points_from_xy(*points.T)), gpd.GeoDataFrame(geometry=shapes), predicate="within")
first = np.where(within.any(axis=0), within.argmax(axis=0), -1)
out = Path(__file__).parent.parent / "fixtures" / "polygons.json"
out.write_text(
    json.dumps(
        {
            "polygons": [[r.ravel().tolist() for r in rings] for rings in polygons],
            "points": points.ravel().tolist(),
            "first": first.tolist(),
            "several": int((within.sum(axis=0) > 1).sum()),
            "sjoin": len(joined),
        },
        separators=(",", ":"),
    )
    + "\n"
)
print(len(joined), within.sum(), (first >= 0).sum())
