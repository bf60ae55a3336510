"""Makes test/fixtures/io/encodings-<anndata version>.h5ad.gz: every element encoding the h5ad reader knows, on invented data.

Fixtures: anndata 0.12.19 (h5py 3.16.0, numpy 2.4.6, pandas 2.3.3) and anndata 0.13.4 (pandas 3.1.1), which keeps
texts with a mask.
"""

import gzip
import tempfile
from importlib.metadata import version
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

counts = np.array([[0, 2, 0, 1], [3, 0, 0, 0], [0, 0, 4, 5]], dtype=np.float32)
obs = pd.DataFrame(
    {
        "kind": pd.Categorical(["b", None, "a"], categories=["b", "a"]),
        "level": pd.Categorical([3, 1, 3], categories=[1, 3], ordered=True),
        "flag": [True, False, True],
        "maybe": pd.array([True, None, False], dtype="boolean"),
        "some": pd.array([7, None, 9], dtype="Int64"),
        "wide": np.array([2**40, 1, -5], dtype=np.int64),
        "small": np.array([1, 2, 3], dtype=np.uint8),
        "ratio": np.array([0.5, np.nan, 1.5]),
        "note": ["one", "zwei", "trois é"],
    },
    index=["cell/1", "cell 2", "c3"],
)
var = pd.DataFrame(
    {"gene_symbols": ["A", "B", "A", "D"], "feature_types": ["Gene Expression"] * 3 + ["Antibody Capture"]},
    index=["g1", "g2", "g3", "p4"],
)
a = anndata.AnnData(sp.csr_matrix(np.log1p(counts)), obs=obs, var=var)
a.layers["counts"] = sp.csc_matrix(counts)
a.layers["scaled"] = (counts - counts.mean(axis=0)).astype(np.float32)
a.obsm["spatial"] = np.array([[1.5, 2], [3, 4], [5, 6]])
a.obsm["X_umap"] = np.array([[0, 1], [2, 3], [4, 5]], dtype=np.float32)
a.obsm["frame"] = pd.DataFrame({"q": [1.0, 2.0, 3.0]}, index=obs.index)
a.obsp["connectivities"] = sp.csr_matrix(np.eye(3, k=1, dtype=np.float32))
a.uns["spatial"] = {
    "slide": {
        "images": {"lowres": np.linspace(0, 1, 2 * 3 * 3).reshape(2, 3, 3)},
        "scalefactors": {"tissue_lowres_scalef": 0.5, "spot_diameter_fullres": 10.0},
    }
}
a.uns["colors"] = np.array(["#ff0000", "#00ff00"])
a.raw = a

out = Path(__file__).parent.parent / "fixtures" / "io" / f"encodings-{version('anndata')}.h5ad.gz"
out.parent.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    a.write_h5ad(Path(folder) / "a.h5ad")
    out.write_bytes(gzip.compress((Path(folder) / "a.h5ad").read_bytes(), mtime=0))
