"""Makes test/fixtures/neighbors.json: umap-learn's strengths on a few points of our own, and its curves.

usage: python neighbors.py     (numpy, umap-learn; the versions are written into the fixture)
"""
import json, os
import numpy as np, umap
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

rng = np.random.default_rng(7)
n, d, k = 48, 3, 7
points = np.round(np.concatenate([rng.normal(0, 1, (30, d)), rng.normal(6, 0.3, (n - 30, d))]), 3)
points[3] = points[2]                    # two that coincide
points[40:48] = points[40]               # a whole neighborhood that coincides
distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
knn = np.stack([np.lexsort((np.arange(n), np.where(np.arange(n) == i, -1, distance[i])))[:k] for i in range(n)])
graph, sigmas, rhos = fuzzy_simplicial_set(
    points, k, np.random.RandomState(0), 'euclidean', knn_indices=knn.astype(np.int32),
    knn_dists=np.take_along_axis(distance, knn, 1).astype(np.float32))
graph = graph.tocsr()
graph.sort_indices()
curves = [dict(spread=s, minDist=m, ab=[float(v) for v in find_ab_params(s, m)])
          for s, m in [(1, 0.5), (1, 0.1), (1, 0), (2, 0.3), (0.5, 0.5), (10, 1)]]
fixture = dict(
    versions={'umap-learn': umap.__version__, 'numpy': np.__version__}, neighbors=k, dims=d,
    points=points.ravel().tolist(), knn=knn[:, 1:].ravel().tolist(), indptr=graph.indptr.tolist(),
    indices=graph.indices.tolist(), weights=[round(float(w), 7) for w in graph.data], curves=curves)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'neighbors.json')
with open(path, 'w') as f:
    json.dump(fixture, f, separators=(',', ':'))
    f.write('\n')
