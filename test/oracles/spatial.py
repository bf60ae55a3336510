"""Writes test/fixtures/spatial.json: squidpy's graphs, Moran's I and neighborhood counts on a small synthetic tissue.

usage: python spatial.py     (squidpy 1.8.3, scanpy 1.12.4, esda 2.10.0)
48 spots of a hexagonal array with three missing, jittered places, six genes (two with a gradient), three labels.
"""
import importlib.metadata as im, json, os, warnings
warnings.filterwarnings('ignore')
import anndata as ad, numpy as np, pandas as pd, squidpy as sq
from esda import Moran
from libpysal.weights import WSP

rng = np.random.default_rng(3)
row, col = np.divmod(np.arange(48), 8)
keep = ~np.isin(np.arange(48), [18, 19, 27])
row, col = row[keep], (2 * col + row % 2)[keep]
n = len(row)
places = np.c_[col * 50.0, row * 86.6]
jittered = np.round(places + rng.normal(0, 12, places.shape), 3)
mean = np.full((n, 6), 0.7)
mean[:, 0] += col / 6
mean[:, 1] += row / 2
x = np.round(np.log1p(rng.poisson(mean)), 4).astype(np.float32)
labels = np.array(list('abc'))[np.minimum(2, (col // 6 + (rng.random(n) < .25)) % 3)]
a = ad.AnnData(x, obs=pd.DataFrame({'label': pd.Categorical(labels)}, index=[f's{i}' for i in range(n)]))
a.var_names = [f'G{j}' for j in range(6)]
a.obsm['spatial'], a.obsm['jittered'] = places, jittered

def rows(graph):
    m = graph.connectivities.tocsr()
    m.sort_indices()
    return [m.indices[m.indptr[i]:m.indptr[i + 1]].tolist() for i in range(n)]

j = dict(spatial_key='jittered', copy=True)
graphs = dict(
    grid1=rows(sq.gr.spatial_neighbors_grid(a, n_neighs=6, n_rings=1, copy=True)),
    grid2=rows(sq.gr.spatial_neighbors_grid(a, n_neighs=6, n_rings=2, copy=True)),
    knn=rows(sq.gr.spatial_neighbors_knn(a, n_neighs=6, **j)),
    radius=rows(sq.gr.spatial_neighbors_radius(a, radius=130.0, **j)),
    delaunay=rows(sq.gr.spatial_neighbors_delaunay(a, **j)))
sq.gr.spatial_neighbors_grid(a, n_neighs=6)
table = sq.gr.spatial_autocorr(a, mode='moran', genes=a.var_names, copy=True).reindex(a.var_names)
w = WSP(a.obsp['spatial_connectivities'].tocsr()).to_W()
w.transform = 'r'
esda = [Moran(x[:, g].astype(float), w, permutations=0) for g in range(6)]
z = np.mean([sq.gr.nhood_enrichment(a, 'label', n_perms=2000, seed=s, n_jobs=1, copy=True, show_progress_bar=False).zscore for s in range(5)], 0)
counts = sq.gr.nhood_enrichment(a, 'label', n_perms=10, seed=0, n_jobs=1, copy=True, show_progress_bar=False).counts
out = dict(
    versions={k: im.version(k) for k in ('squidpy', 'scanpy', 'esda')},
    row=row.tolist(), col=col.tolist(), jittered=jittered.ravel().tolist(), x=[round(float(v), 4) for v in x.ravel()], labels=labels.tolist(),
    graphs=graphs,
    moran=dict(i=[e.I for e in esda], z_normality=[e.z_norm for e in esda], z_randomization=[e.z_rand for e in esda], squidpy_i=table.I.tolist(), squidpy_p=table.pval_norm.tolist()),
    nhood=dict(counts=counts.ravel().tolist(), z=z.ravel().round(4).tolist()))
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'spatial.json')
with open(path, 'w') as f:
    json.dump(out, f, separators=(',', ':'))
    f.write('\n')
