"""Makes test/fixtures/tsne.json: what scikit-learn's t-SNE comes to on points of our own and on two sets of peers' outputs.

usage: python tsne.py ORACLES     (numpy, scipy, scikit-learn; ORACLES is a folder with core/neighbors.npz and
core/pbmc_hvg_pca_nn.npz; the versions are written into the fixture)
"""
import json, os, sys
import numpy as np, sklearn
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities_nn
from sklearn.neighbors import NearestNeighbors

core = os.path.join(sys.argv[1], 'core')
rng = np.random.default_rng(11)
own = np.round(np.concatenate([rng.normal(c, 1, (50, 5)) for c in (0, 2, 5)]), 2)
own[7] = own[6]                          # two that coincide
sets = {
    'own': (own, 15),
    'toy': (np.load(os.path.join(core, 'neighbors.npz'))['rep'], 30),
    'pbmc': (np.load(os.path.join(core, 'pbmc_hvg_pca_nn.npz'))['X_pca'], 30),
}

def divergence(p, y):
    d2 = ((y[:, None] - y[None]) ** 2).sum(-1)
    w = 1 / (1 + d2)
    p = p.tocoo()
    q = w[p.row, p.col] / (w.sum() - len(y))
    return float((p.data * np.log(p.data / q)).sum())

results = {}
for name, (x, perplexity) in sets.items():
    x = np.asarray(x, np.float64)
    knn = NearestNeighbors(n_neighbors=3 * perplexity, algorithm='brute').fit(x).kneighbors_graph(mode='distance')
    knn.data **= 2
    p = _joint_probabilities_nn(knn, perplexity, 0)
    kl, trust = [], []
    for seed in range(3):
        start = x[:, :2] - x[:, :2].mean(0)
        start = start / start[:, 0].std() * 1e-4 + 1e-6 * np.random.RandomState(seed).randn(len(x), 2)
        y = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=seed).fit_transform(x)
        kl.append(round(divergence(p, np.asarray(y, np.float64)), 4))
        trust.append(round(float(trustworthiness(x, y, n_neighbors=15)), 4))
    row = p.tocsr()[0]
    order = np.argsort(row.indices)
    results[name] = dict(perplexity=perplexity, klDivergence=kl, trustworthiness=trust,
                         firstRow=dict(indices=row.indices[order].tolist(),
                                       p=[float(f'{v:.6g}') for v in row.data[order]]))
fixture = dict(versions={'scikit-learn': sklearn.__version__, 'numpy': np.__version__}, dims=own.shape[1],
               points=own.ravel().tolist(), sets=results)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'tsne.json')
with open(path, 'w') as f:
    json.dump(fixture, f, separators=(',', ':'))
    f.write('\n')
