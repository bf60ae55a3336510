"""Writes test/fixtures/sepal.json: scores of squidpy's sepal on counts on a hexagonal and a square array.

usage: python make_sepal.py     (squidpy 1.8.3)
Both arrays are discs (so that their borders are ragged), with a hole in the hexagonal one. Genes: a gradient, a half, a stripe, noise, rare, constant.
"""
import importlib.metadata as im, json, os, warnings
warnings.filterwarnings('ignore')
import anndata, numpy as np, scipy.sparse as sp
import squidpy as sq

rng = np.random.default_rng(7)
out = dict(versions={'squidpy': im.version('squidpy')})
for name, steps in (('hex', [(0, -2), (0, 2), (-1, -1), (-1, 1), (1, -1), (1, 1)]), ('square', [(0, -1), (0, 1), (-1, 0), (1, 0)])):
    wide = 2 if name == 'hex' else 1
    spots = [(r, c) for r in range(20) for c in range(20 * wide)
             if (name == 'square' or (r + c) % 2 == 0) and (r - 9.5) ** 2 + (c / wide - 9.5) ** 2 < 81 and not (name == 'hex' and 12 < r < 15 and 12 < c < 18)]
    spots = [(0, 0)] + spots  # squidpy needs a spot that touches no saturated one
    at = {s: i for i, s in enumerate(spots)}
    edges = [(i, at[(r + dr, c + dc)]) for (r, c), i in at.items() for dr, dc in steps if (r + dr, c + dc) in at]
    graph = sp.csr_matrix((np.ones(len(edges)), np.array(edges).T), shape=(len(spots),) * 2)
    graph.sort_indices()
    r, c = np.array(spots).T
    mean = np.stack([1 + 8 * r / 20, np.where(c < 10 * wide, 9, 1), np.where((r // 3) % 2 == 0, 8, 1), np.full(len(spots), 4), np.full(len(spots), .1)], 1)
    x = np.hstack([rng.poisson(mean), np.full((len(spots), 1), 3)]).astype(float)
    data = anndata.AnnData(x)
    data.obsp['spatial_connectivities'] = graph
    data.obsm['spatial'] = np.array(spots, float)
    score = sq.gr.sepal(data, max_neighs=len(steps), copy=True, n_jobs=1, show_progress_bar=False)['sepal_score']
    score = [float(score[g]) for g in data.var_names]
    out[name] = dict(row=r.tolist(), col=c.tolist(), x=x.astype(int).ravel().tolist(), score=[None if s != s else s for s in score])
    print(name, len(spots), score)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'sepal.json'), 'w') as f:
    json.dump(out, f, separators=(',', ':'))
