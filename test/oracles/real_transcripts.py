"""Prints, for each table of transcripts of the real samples, what pandas and pyarrow read: rows, sums, features, rows in a cell.

Run with pandas 3.0, pyarrow 26: python test/oracles/real_transcripts.py <folder of real samples>. The numbers stand in
test/io/transcripts-real.test.ts.
"""

import sys
from pathlib import Path

import pandas as pd

root = Path(sys.argv[1]) / "st"
NONE = {"UNASSIGNED", "0", "-1", "", "nan"}
SETS = [
    ("xenium_sfe", "transcripts.parquet", "x_location y_location z_location feature_name cell_id qv"),
    ("xenium_sfe", "transcripts.csv.gz", "x_location y_location z_location feature_name cell_id qv"),
    ("xenium_mini_seio", "transcripts.parquet", "x_location y_location z_location feature_name cell_id qv"),
    ("xenium_me_molecules/sample1", "transcripts.csv", "x_location y_location z_location feature_name cell_id qv"),
    ("xenium_me_molecules/sample2", "transcripts.csv", "x_location y_location z_location feature_name cell_id qv"),
    ("cosmx_me_lung/sample_1", "tx_file.csv", "x_global_px y_global_px z target cell_ID -"),
    ("cosmx_me_lung/sample_2", "tx_file.csv", "x_global_px y_global_px z target cell_ID -"),
    ("cosmx_sfe", "Run5642_S3_Quarter_tx_file.csv", "x_global_px y_global_px z target cell_ID -"),
    ("cosmx_mini_seio", "lung_p9s1_tx_file.parquet", "x_global_px y_global_px z target cell_ID -"),
    ("merscope_me_ovarian", "detected_transcripts.csv", "global_x global_y global_z gene - -"),
    ("merscope_cellbound_sfe", "detected_transcripts.csv", "global_x global_y global_z gene - -"),
    ("spatialdata_xenium_sfe/xenium_sfe_v3.zarr", "points/transcripts/points.parquet", "x y z feature_name cell_id qv"),
    (
        "spatialdata_xenium_points/xenium_rep1_io.points_only.spatialdata.zarr",
        "points/transcripts/points.parquet",
        "x y z feature_name cell_id -",
    ),
]
for folder, file, columns in SETS:
    path = root / folder / file
    t = pd.read_parquet(path) if file.endswith("parquet") else pd.read_csv(path, keep_default_na=False)
    x, y, z, feature, cell, quality = columns.split()
    t = t[t[quality] >= 20] if quality != "-" else t
    within = 0 if cell == "-" else int((~t[cell].astype(str).isin(NONE)).sum())
    sums = [float(t[c].astype("float64").sum()) for c in (x, y, z)]
    print(f'["{folder}", "{file}", {len(t)}, {sums[0]!r}, {sums[1]!r}, {sums[2]!r}, {t[feature].nunique()}, {within}],')
