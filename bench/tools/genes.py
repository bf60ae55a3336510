"""Moran's I of squidpy for each folder named: log.f32 (n x p), from.u32 and to.u32 (edges, both directions), answer moran.f64.

usage: python genes.py GENES FOLDER...
"""

import sys
import warnings

warnings.filterwarnings("ignore")
import anndata as ad
import numpy as np
import scipy.sparse as sp
import squidpy as sq

genes = int(sys.argv[1])
for folder in sys.argv[2:]:
    x = np.fromfile(f"{folder}/log.f32", np.float32).reshape(-1, genes)
    edges = [np.fromfile(f"{folder}/{end}.u32", np.uint32).astype(np.int32) for end in ("from", "to")]
    data = ad.AnnData(x)
    data.obsp["spatial_connectivities"] = sp.csr_matrix((np.ones(len(edges[0])), edges), shape=(len(x), len(x)))
    sq.gr.spatial_autocorr(data, mode="moran", show_progress_bar=False)
    data.uns["moranI"].loc[data.var_names, "I"].to_numpy().tofile(f"{folder}/moran.f64")
