"""Makes test/fixtures/layout.json: how far umap-learn moves groups apart that no edge joins.

usage: python layout.py     (numpy, scipy, umap-learn; the versions are written into the fixture)
"""
import json, os
import numpy as np, scipy.sparse as sp, umap
from umap.umap_ import find_ab_params, simplicial_set_embedding

# 30 rings of 500 nodes, taken in turn; each node is joined to the 20 nearest of its ring.
groups, size, reach, epochs = 30, 500, 10, 50
n = groups * size
node = np.arange(n)
group, place = node % groups, node // groups
shifts = [s for s in range(-reach, reach + 1) if s != 0]
heads = np.repeat(node, len(shifts))
tails = np.concatenate([(place[:, None] + np.array(shifts)) % size * groups + group[:, None]]).ravel()
graph = sp.coo_matrix((np.ones(len(heads), np.float32), (heads, tails)), shape=(n, n))
start = np.stack([group % 6 + place / 1000, group // 6 + place * 37 % size / 1000], 1)
a, b = find_ab_params(1, 0.5)
apart, within = [], []
for seed in range(3):
    layout, _ = simplicial_set_embedding(
        data=start, graph=graph.copy(), n_components=2, initial_alpha=1.0, a=a, b=b, gamma=1.0, negative_sample_rate=5,
        n_epochs=epochs, init=start.astype(np.float32), random_state=np.random.RandomState(seed), metric='euclidean',
        metric_kwds={}, densmap=False, densmap_kwds={}, output_dens=False)
    centers = np.stack([layout[group == g].mean(0) for g in range(groups)])
    between = np.sqrt(((centers[:, None] - centers[None]) ** 2).sum(-1))
    apart.append(between.sum() / (groups * (groups - 1)))
    within.append(np.sqrt(((layout - centers[group]) ** 2).sum(1).mean()))
fixture = dict(versions={'umap-learn': umap.__version__, 'numpy': np.__version__}, groups=groups, size=size, reach=reach,
               epochs=epochs, apart=[round(float(v), 4) for v in apart], within=[round(float(v), 4) for v in within])
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'layout.json')
with open(path, 'w') as f:
    json.dump(fixture, f, separators=(',', ':'))
    f.write('\n')
