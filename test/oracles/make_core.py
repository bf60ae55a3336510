"""What scanpy, squidpy and others make of a small synthetic tissue: test/fixtures/core/*.json.

Run with Python 3.12 and scanpy 1.12.4, squidpy 1.8.3, scikit-misc 0.5.3 (versions are written into every file); names given as arguments
limit which files are made. The tissue: 64 spots on an 8 x 8 hexagonal array, 3 domains, 200 genes (5 mitochondrial, one never seen, one
dominating some spots). Each block below stands alone.
"""
import base64, importlib.metadata, json, sys, warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import anndata as ad, numpy as np, pandas as pd, scanpy as sc, scipy.sparse as sp

FOLDER = Path(__file__).parent.parent / "fixtures" / "core"
WANTED = set(sys.argv[1:])


def plain(value, digits):
    if isinstance(value, dict):
        return {k: plain(v, digits) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v, digits) for v in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(f"%.{digits}g" % value)
    if isinstance(value, (np.integer, np.bool_)):
        return int(value)
    return value


def save(name, tools, digits=9, **parts):
    """Writes one fixture; NaN becomes null."""
    versions = {tool: importlib.metadata.version(tool) for tool in tools}
    lines = [f"{json.dumps(k)}: {json.dumps(plain(v, digits), separators=(',', ':'))}" for k, v in {"made_with": versions, **parts}.items()]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def entries(matrix):
    """A sparse matrix as its sorted entries."""
    m = sp.csr_matrix(matrix)
    m.sort_indices()
    return {"indptr": m.indptr, "indices": m.indices, "data": m.data.astype(float)}


def make_tissue():
    rng = np.random.default_rng(11)
    n, p = 64, 200
    row, col = np.repeat(np.arange(8), 8), np.tile(np.arange(8), 8) * 2 + np.repeat(np.arange(8) % 2, 8)
    domain = np.minimum(2, np.tile(np.arange(8), 8) // 3)
    mean = np.exp(rng.normal(-0.6, 1.3, p))
    mean[3] = 0
    effect = np.ones((3, p))
    for g in range(3):
        effect[g, 20 + 6 * g : 26 + 6 * g] = 5
    rate = mean * effect[domain] * np.exp(rng.normal(0, 0.35, (n, 1)))
    rate[::9, 7] += 60
    counts = np.minimum(rng.poisson(rate * rng.gamma(3, 1 / 3, (n, p))), 255).astype(np.uint8)
    names = ["MT-" + str(j) if j in (0, 1, 2, 40, 41) else "GENE" + str(j) for j in range(p)]
    pixels = np.stack([col * 50.0, row * 86.6], 1) + rng.normal(0, 6, (n, 2)).round(3)
    return counts, names, domain, row, col, pixels


COUNTS, NAMES, DOMAIN, ROW, COL, PIXELS = make_tissue()


def tissue(logged=True):
    a = ad.AnnData(sp.csr_matrix(COUNTS.astype(np.float32)), obs=pd.DataFrame({"domain": pd.Categorical(["D%d" % d for d in DOMAIN])}, index=["s%d" % i for i in range(len(ROW))]), var=pd.DataFrame(index=NAMES))
    a.obsm["spatial"] = PIXELS.copy()
    a.layers["counts"] = a.X.copy()
    if logged:
        sc.pp.normalize_total(a, target_sum=1e4)
        sc.pp.log1p(a)
    return a


def block(f):
    if not WANTED or f.__name__ in WANTED:
        print(f.__name__)
        f()
    return f


@block
def toy():
    save("toy", ["numpy"], spots=64, genes=200, counts_base64_uint8=base64.b64encode(COUNTS.tobytes()).decode(), names=NAMES, domain=DOMAIN, array_row=ROW, array_col=COL, pixels=PIXELS)


@block
def qc():
    a = tissue(False)
    a.var["mt"] = a.var_names.str.startswith("MT-")
    cells, genes = sc.pp.calculate_qc_metrics(a, qc_vars=["mt"], percent_top=(20, 50), log1p=False)
    columns = lambda t: {c: t[c].to_numpy().astype(float) for c in t}
    save("qc", ["scanpy"], 7, cells=columns(cells), genes=columns(genes))


@block
def normalize():
    cases = dict(median=dict(target_sum=None), ten_thousand=dict(target_sum=1e4), without_dominant=dict(target_sum=1e4, exclude_highly_expressed=True, max_fraction=0.1))
    parts = {}
    for name, options in cases.items():
        a = tissue(False)
        sc.pp.normalize_total(a, **options)
        parts[name] = a.X[:, 4:16].toarray()
    b = tissue()
    save("normalize", ["scanpy"], 7, columns="4 to 15", **parts, log=b.X[:, 4:16].toarray())


@block
def scale():
    a, b = tissue(), tissue()
    sc.pp.scale(a, max_value=3)
    sc.pp.scale(b, zero_center=False, max_value=3)
    save("scale", ["scanpy"], 7, mean=a.var["mean"].to_numpy(), std=a.var["std"].to_numpy(), columns="4 to 15", standardized=np.asarray(a.X)[:, 4:16], scaled=b.X[:, 4:16].toarray())


@block
def features():
    a = tissue()
    find = lambda **o: sc.pp.highly_variable_genes(a, inplace=False, **o).loc[a.var_names]
    v3, seurat, cut = find(flavor="seurat_v3", layer="counts", n_top_genes=20), find(flavor="seurat", n_top_genes=20), find(flavor="seurat", min_mean=0.5, max_mean=4, min_disp=0.3)
    chosen = lambda t: np.flatnonzero(t["highly_variable"])
    save("features", ["scanpy", "scikit-misc"], 12,
        seurat_v3=dict(means=v3["means"].to_numpy(), variances=v3["variances"].to_numpy(), score=v3["variances_norm"].to_numpy(), selected=chosen(v3)),
        seurat=dict(score=seurat["dispersions_norm"].to_numpy().astype(float), selected=chosen(seurat), selected_by_cutoffs=chosen(cut)))


@block
def residuals():
    """Pearson residuals, regression, scores of a gene set, and the other ways to choose variable genes; two samples are even and odd spots."""
    a, raw = tissue(), tissue(False)
    raw.X = raw.X.astype(np.float64)
    a.obs["half"] = raw.obs["half"] = pd.Categorical(np.where(np.arange(a.n_obs) % 2 == 0, "even", "odd"))
    find = lambda x, **o: sc.pp.highly_variable_genes(x, inplace=False, n_top_genes=20, **o).reindex(a.var_names)
    pearson = lambda **o: sc.experimental.pp.highly_variable_genes(raw, flavor="pearson_residuals", n_top_genes=20, inplace=False, **o).reindex(a.var_names)
    chosen = lambda t: np.flatnonzero(t["highly_variable"].to_numpy(dtype=float) == 1)
    seen = np.flatnonzero(np.asarray(raw.X.sum(0)).ravel() > 0)
    b = raw.copy()
    sc.experimental.pp.normalize_pearson_residuals(b, theta=10)
    c = a.copy()
    c.obs["total"] = np.asarray(raw.X.sum(1)).ravel()
    c.obs["share"] = (np.arange(c.n_obs) * 7 % 5) / 3
    sc.pp.regress_out(c, ["total", "share"])
    d = a.copy()
    d.obs["half"] = a.obs["half"]
    sc.pp.regress_out(d, ["half"])
    genes = [f"GENE{j}" for j in (20, 21, 22, 23, 50)]
    sc.tl.score_genes(a, genes, ctrl_size=1000, n_bins=5, use_raw=False)
    cell_ranger, both, residual = find(a, flavor="cell_ranger"), {f: find(a, flavor=f, batch_key="half") for f in ("seurat", "cell_ranger")}, pearson()
    save("residuals", ["scanpy"], 9, columns="4 to 15",
        pearson=np.asarray(b.X)[:, 4:16], seen=seen, regressed=np.asarray(c.X)[:, 4:16], regressed_by_group=np.asarray(d.X)[:, 4:16], share=c.obs["share"].to_numpy(), set=[20, 21, 22, 23, 50], score=a.obs["score"].to_numpy(),
        cell_ranger=dict(score=cell_ranger["dispersions_norm"].to_numpy().astype(float), selected=chosen(cell_ranger)),
        variance=dict(score=residual["residual_variances"].to_numpy(), selected=chosen(residual), selected_in_both=chosen(pearson(batch_key="half"))),
        in_both={f: dict(score=t["dispersions_norm"].to_numpy().astype(float), selected=chosen(t)) for f, t in both.items()})


@block
def loess():
    from skmisc.loess import loess as fit

    rng = np.random.default_rng(3)
    cases = []
    for n, span, ties in [(60, 0.3, False), (80, 0.5, True)]:
        x = rng.normal(size=n)
        x = np.log10(rng.negative_binomial(1, 0.05, n) + 1.0) if ties else x
        x, y = x.round(6), (np.sin(2 * x) + 0.1 * rng.normal(size=n)).round(6)
        model = fit(x, y, span=span, degree=2)
        model.fit()
        cases.append(dict(x=x, y=y, span=span, fitted=model.outputs.fitted_values))
    save("loess", ["scikit-misc"], 14, cases=cases)


@block
def markers():
    a = tissue()[:, :40].copy()
    parts = {"log": entries(a.X)}
    for name, options in dict(t_test=dict(method="t-test"), wilcoxon=dict(method="wilcoxon"), wilcoxon_ties=dict(method="wilcoxon", tie_correct=True, pts=True)).items():
        sc.tl.rank_genes_groups(a, "domain", use_raw=False, **options)
        found = a.uns["rank_genes_groups"]
        groups = a.obs["domain"].cat.categories
        gather = lambda field: np.stack([pd.Series(found[field][g], index=found["names"][g]).loc[a.var_names].to_numpy().astype(float) for g in groups])
        parts[name] = {field: gather(field) for field in ("scores", "logfoldchanges", "pvals", "pvals_adj")}
    parts["fraction_in"] = np.stack([found["pts"][g].loc[a.var_names] for g in groups])
    parts["fraction_out"] = np.stack([found["pts_rest"][g].loc[a.var_names] for g in groups])
    save("markers", ["scanpy"], 8, **parts)


def embedded():
    a = tissue()
    a.X = a.X.astype(np.float64)
    sc.pp.pca(a, n_comps=8, svd_solver="arpack")
    return a


@block
def pca():
    a = embedded()
    found = a.uns["pca"]
    save("pca", ["scanpy", "scikit-learn"], 10, variance=found["variance"], variance_ratio=found["variance_ratio"], first_scores=np.abs(a.obsm["X_pca"][:, 0]))


def connected():
    a = embedded()
    a.obsm["rep"] = a.obsm["X_pca"][:, :5].round(6)
    sc.pp.neighbors(a, n_neighbors=8, use_rep="rep", method="umap", transformer="sklearn", random_state=0)
    return a


@block
def neighbors():
    from sklearn.neighbors import NearestNeighbors

    a = connected()
    rep = a.obsm["rep"]
    distances, indices = NearestNeighbors(n_neighbors=8, algorithm="brute").fit(rep).kneighbors(rep)
    save("neighbors", ["scanpy", "umap-learn", "scikit-learn"], 8, rep=rep, neighbors=8, knn_indices=indices[:, 1:], knn_distances=distances[:, 1:], connectivities=entries(a.obsp["connectivities"]))


@block
def clusters():
    import igraph

    a = connected()
    upper = sp.triu(a.obsp["connectivities"]).tocoo()
    graph = igraph.Graph(n=a.n_obs, edges=list(zip(upper.row.tolist(), upper.col.tolist())))
    weights = upper.data.tolist()
    modularity = []
    for seed in range(10):
        sc.tl.leiden(a, resolution=1, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
        modularity.append(graph.modularity(a.obs["leiden"].astype(int).tolist(), weights=weights))
    save("clusters", ["scanpy", "igraph"], modularity_of_10_seeds=modularity, graph="connectivities of neighbors.json", modularity_of_domains=graph.modularity(DOMAIN.tolist(), weights=weights))


@block
def umap():
    from umap.umap_ import find_ab_params

    cases = [dict(spread=s, min_dist=d, ab=[float(v) for v in find_ab_params(s, d)]) for s, d in [(1.0, 0.5), (1.0, 0.1), (2.0, 0.3)]]
    save("umap", ["umap-learn", "scipy"], cases=cases)


@block
def spatial_graphs():
    import squidpy as sq

    a = tissue()
    a.obsm["array"] = np.stack([COL * 0.5, ROW * np.sqrt(3) / 2], 1)
    made = dict(grid=sq.gr.spatial_neighbors_grid(a, spatial_key="array", n_neighs=6, copy=True), delaunay=sq.gr.spatial_neighbors_delaunay(a, copy=True), nearest4=sq.gr.spatial_neighbors_knn(a, n_neighs=4, copy=True), radius120=sq.gr.spatial_neighbors_radius(a, radius=120.0, copy=True))
    parts = {}
    for name, g in made.items():
        e = entries(g.connectivities)
        parts[name] = dict(indptr=e["indptr"], indices=e["indices"], distances=entries(g.distances)["data"]) if name != "grid" else dict(indptr=e["indptr"], indices=e["indices"])
    save("spatial_graphs", ["squidpy"], **parts)


def on_grid():
    import squidpy as sq

    a = tissue()
    a.obsm["array"] = np.stack([COL * 0.5, ROW * np.sqrt(3) / 2], 1)
    sq.gr.spatial_neighbors_grid(a, spatial_key="array", n_neighs=6)
    return a


@block
def moran():
    import squidpy as sq

    a = on_grid()
    found = sq.gr.spatial_autocorr(a, mode="moran", genes=list(a.var_names), transformation=True, copy=True).reindex(a.var_names)
    save("moran", ["squidpy"], 8, i=found["I"].to_numpy(), variance=float(found["var_norm"].iloc[4]), p_folded=found["pval_norm"].to_numpy())


@block
def enrichment():
    import squidpy as sq

    a = on_grid()
    runs = [sq.gr.nhood_enrichment(a, "domain", n_perms=2000, seed=s, n_jobs=1, copy=True, show_progress_bar=False) for s in range(5)]
    save("enrichment", ["squidpy"], counts=runs[0].counts, z_mean=np.mean([r.zscore for r in runs], 0), z_sd=np.std([r.zscore for r in runs], 0))
