"""The side of scanpy and squidpy: each line of standard input asks for a step, each line of standard output answers with
seconds per call, peak memory and the names of the arrays it wrote (the counterpart of serve.mjs).

usage: python peers.py INPUTS
"""

import gc
import json
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever libraries print goes to standard error

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp
import squidpy as sq

folder = sys.argv[1]
with open(os.path.join(folder, "sample.json")) as file:
    sample = json.load(file)
n, p, names = sample["n"], sample["p"], np.array(sample["names"])
types = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "u32": np.uint32}


def array(name):
    return np.fromfile(os.path.join(folder, name), dtype=types[name.rsplit(".", 1)[1]])


def matrix(values, structure, shape):
    indices = array(f"{structure}.indices.u32").astype(np.int32)
    indptr = array(f"{structure}.indptr.u32").astype(np.int32)
    return sp.csr_matrix((array(f"{values}.f32"), indices, indptr), shape=shape)


counts = matrix("counts", "counts", (n, p))
log = matrix("log", "counts", (n, p))
neighbors = matrix("graph", "graph", (n, n))
touching = matrix("spatial", "spatial", (n, n))
labels = pd.Categorical.from_codes(array("labels.i32"), [str(t) for t in range(sample["types"])])
points = array("points.f32").reshape(n, 30)
positions = array("positions.f64").reshape(n, 2)
variable = np.zeros(p, bool)
variable[array("variable.u32")] = True
pairs = pd.DataFrame([pair.split(",") for pair in sample["pairs"]], columns=["source", "target"])


def annotated(x):
    data = ad.AnnData(x.copy(), var=pd.DataFrame(index=names[: x.shape[1]]))
    data.obs["type"] = labels
    data.obsm["X_pca"] = points
    data.obsm["spatial"] = positions
    data.obsp["connectivities"] = neighbors
    data.obsp["spatial_connectivities"] = touching
    data.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "params": {"method": "umap", "n_neighbors": 15, "use_rep": "X_pca"},
    }
    data.uns["spatial_neighbors"] = {"connectivities_key": "spatial_connectivities"}
    return data


def normalize(a):
    sc.pp.normalize_total(a, target_sum=1e4)
    sc.pp.log1p(a)


def autocorrelation(mode):
    def call(a):
        sq.gr.spatial_autocorr(a, mode=mode, genes=a.var_names, show_progress_bar=False)

    def answer(a):
        found = a.uns["moranI" if mode == "moran" else "gearyC"]
        return {"statistic": found.loc[names, "I" if mode == "moran" else "C"]}

    return lambda: annotated(log), call, answer


def ranked_scores(a):
    table = a.uns["rank_genes_groups"]
    place = {name: j for j, name in enumerate(names)}
    scores = np.zeros((sample["types"], p))
    for t in range(sample["types"]):
        scores[t, [place[name] for name in table["names"][str(t)]]] = table["scores"][str(t)]
    return scores


def interactions(a):
    return sq.gr.ligrec(
        a,
        "type",
        interactions=pairs,
        use_raw=False,
        n_perms=1000,
        threshold=0.01,
        copy=True,
        show_progress_bar=False,
        n_jobs=1,
    )


def interaction_means(found):
    means = np.full((len(pairs), sample["types"], sample["types"]), np.nan)
    place = {tuple(pair.upper().split(",")): t for t, pair in enumerate(sample["pairs"])}
    values = found["means"]
    at = [place[pair] for pair in values.index]  # ligrec writes symbols in capitals
    for sender, receiver in values.columns:
        means[at, int(sender), int(receiver)] = values[(sender, receiver)]
    return means


def umap(**how):
    return (
        lambda: annotated(counts[:, :1]),
        lambda a: sc.tl.umap(a, **how),
        lambda a: {"layout": a.obsm["X_umap"]},
    )


def enrichment(a):
    sq.gr.nhood_enrichment(a, cluster_key="type", n_perms=1000, show_progress_bar=False)


def enrichment_z(a):
    return {"z": a.uns["type_nhood_enrichment"]["zscore"]}


def ripley(simulations):
    distances = array("distances.f64")

    def call(a):
        return sq.gr.ripley(
            a,
            "type",
            mode="L",
            n_simulations=simulations,
            max_dist=distances[-1],
            n_steps=len(distances),
            copy=True,
        )

    def answer(found):
        curves = found["L_stat"].pivot(index="type", columns="bins", values="stats")
        return {"curves": curves.loc[labels.categories]}

    return few, call, answer


few = lambda: annotated(counts[:, :1])
both = (few, enrichment, enrichment_z)
# name: (what is prepared and not timed, what is timed, arrays by name)
steps = {
    "normalize": (lambda: annotated(counts), normalize, lambda a: {"data": a.X.data}),
    "variable-genes": (
        lambda: annotated(counts),
        lambda a: sc.pp.highly_variable_genes(a, n_top_genes=sample["top"], flavor="seurat_v3"),
        lambda a: {"selected": np.flatnonzero(a.var["highly_variable"])},
    ),
    "pca": (
        lambda: ad.AnnData(log.copy(), var=pd.DataFrame({"variable": variable}, index=names)),
        lambda a: sc.pp.pca(a, n_comps=sample["components"], mask_var="variable"),
        lambda a: {"loadings": a.varm["PCs"], "variance": a.uns["pca"]["variance"]},
    ),
    "neighbors": (
        few,
        lambda a: sc.pp.neighbors(a, n_neighbors=15, use_rep="X_pca"),
        lambda a: {"indptr": a.obsp["distances"].indptr, "indices": a.obsp["distances"].indices},
    ),
    "umap": umap(),
    "umap-pca": umap(init_pos=array("start.f32").reshape(n, 2)),
    "leiden": (
        few,
        lambda a: sc.tl.leiden(a, flavor="igraph", n_iterations=2),
        lambda a: {"labels": a.obs["leiden"].cat.codes},
    ),
    "spatial-graph": (
        few,
        lambda a: sq.gr.spatial_neighbors_delaunay(a),
        lambda a: {
            "indptr": a.obsp["spatial_connectivities"].indptr,
            "indices": a.obsp["spatial_connectivities"].indices,
        },
    ),
    "enrichment": both,
    "enrichment-analytic": both,
    "moran": autocorrelation("moran"),
    "geary": autocorrelation("geary"),
    "wilcoxon": (
        lambda: annotated(log),
        lambda a: sc.tl.rank_genes_groups(a, "type", method="wilcoxon", use_raw=False),
        lambda a: {"scores": ranked_scores(a)},
    ),
    "interactions": (lambda: annotated(log), interactions, lambda found: {"means": interaction_means(found)}),
    "co-occurrence": (
        few,
        lambda a: sq.gr.co_occurrence(
            a, "type", interval=np.concatenate([[0], array("thresholds.f64")]), copy=True
        ),
        lambda found: {"ratio": found[0]},
    ),
    "ripley-curves": ripley(0),
    "ripley": ripley(100),
}


def peak_from_here():
    """Peak memory from here on where the system tells it (Linux), else that of the whole process, MB."""
    if not os.path.exists("/proc/self/status"):
        scale = 2**20 if sys.platform == "darwin" else 2**10
        return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")

    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    return peak


def say(message):
    print(json.dumps(message), file=out, flush=True)


say({"ready": True})
for line in sys.stdin:
    asked = json.loads(line)
    prepare, call, answer = steps[asked["step"]]
    seconds, megabytes, result = [], 0, None
    while len(seconds) < asked["repeats"] and (not seconds or sum(seconds) < asked["budget"]):
        a = prepare()
        gc.collect()
        peak = peak_from_here()
        start = time.perf_counter()
        result = call(a)
        seconds.append(time.perf_counter() - start)
        megabytes = max(megabytes, peak())
    arrays = answer(a if result is None else result)
    for name, values in arrays.items():
        np.asarray(values, np.float64).tofile(os.path.join(asked["answers"], f"{name}.f64"))
    say({"seconds": seconds, "megabytes": megabytes, "arrays": list(arrays)})
