"""What `tissular analyze` does, as a script of scanpy and squidpy: one process from a 10x file to figure and h5ad.

usage: python whole.py SAMPLE.h5 OBS.csv PAIRS.csv OUT; prints a line of JSON: seconds by step, clusters found
"""

import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
seconds = {}
last = time.perf_counter()


def done(step):
    global last
    now = time.perf_counter()
    seconds[step], last = now - last, now


import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
import scanpy as sc
import squidpy as sq

done("import")
h5, csv, pairs_csv, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)

data = sc.read_10x_h5(h5)
data.var_names_make_unique()
data.obsm["spatial"] = pd.read_csv(csv, index_col=0).loc[data.obs_names, ["x", "y"]].to_numpy(float)
done("read")

data.var["mt"] = data.var_names.str.upper().str.startswith("MT-")
sc.pp.calculate_qc_metrics(data, qc_vars=["mt"], percent_top=None, inplace=True)
sc.pp.filter_cells(data, min_counts=1)
sc.pp.filter_genes(data, min_cells=3)
done("filter")

data.layers["counts"] = data.X.copy()
sc.pp.normalize_total(data)
sc.pp.log1p(data)
done("normalize")

panel = data.n_vars <= 2000
if not panel:
    sc.pp.highly_variable_genes(data, n_top_genes=2000, flavor="seurat_v3", layer="counts")
    done("variable-genes")

sc.pp.pca(data, n_comps=50, mask_var=None if panel else "highly_variable")
done("pca")
sc.pp.neighbors(data, n_neighbors=15, n_pcs=30)
done("neighbors")
sc.tl.umap(data)
done("umap")
sc.tl.leiden(data, flavor="igraph", n_iterations=2)
done("clusters")

sq.gr.spatial_neighbors_delaunay(data)
done("spatial-graph")
sq.gr.nhood_enrichment(data, cluster_key="leiden", n_perms=1000, show_progress_bar=False)
done("enrichment")
sq.gr.spatial_autocorr(data, mode="moran", genes=data.var_names, show_progress_bar=False)
done("moran")
sc.tl.rank_genes_groups(data, "leiden", method="wilcoxon")
done("markers")

pairs = pd.read_csv(pairs_csv).rename(columns={"ligand": "source", "receptor": "target"})
found = sq.gr.ligrec(
    data,
    "leiden",
    interactions=pairs,
    use_raw=False,
    n_perms=1000,
    threshold=0.1,
    copy=True,
    show_progress_bar=False,
    n_jobs=1,
)
found["pvalues"].to_csv(os.path.join(out, "interactions.csv"))
done("interactions")

figure, axes = plt.subplots(1, 2, figsize=(12, 5))
for axis, basis in zip(axes, ("spatial", "X_umap")):
    axis.scatter(*data.obsm[basis][:, :2].T, c=data.obs["leiden"].cat.codes, s=2, cmap="tab20")
figure.savefig(os.path.join(out, "figure.png"), dpi=120)
data.write_h5ad(os.path.join(out, "result.h5ad"), compression="gzip")
done("figure, h5ad")
print(json.dumps({"seconds": seconds, "clusters": int(data.obs["leiden"].nunique())}))
