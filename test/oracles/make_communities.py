"""Makes test/fixtures/communities.json: a weighted graph and the best that igraph's Leiden finds on it in 10 runs to the end.

usage: python make_communities.py     (numpy, igraph; the versions are written into the fixture)
"""
import json, os, random
import igraph, numpy as np

rng = np.random.default_rng(5)
n = 160
at = np.round(rng.normal(size=(n, 2)) + 1.5 * rng.integers(0, 3, (n, 2)), 3)
distance = np.sqrt(((at[:, None] - at[None]) ** 2).sum(-1))
pairs = sorted({tuple(sorted((i, int(j)))) for i in range(n) for j in np.argsort(distance[i])[1:7]})
weights = [round(float(np.exp(-distance[i, j])), 2) for i, j in pairs]
graph = igraph.Graph(n=n, edges=pairs)
w = np.array(weights)
ends = np.array(pairs)

def quality(objective, resolution, codes):
    inside = w[codes[ends[:, 0]] == codes[ends[:, 1]]].sum()
    if objective == 'CPM':
        sizes = np.bincount(codes)
        return inside - resolution * (sizes * (sizes - 1) / 2).sum()
    strength = np.bincount(ends.ravel(), np.repeat(w, 2), n)
    return inside / w.sum() - resolution * ((np.bincount(codes, strength) / (2 * w.sum())) ** 2).sum()

best = []
for objective in ('modularity', 'CPM'):
    for resolution in ((0.5, 1, 2) if objective == 'modularity' else (0.02, 0.1, 0.3)):
        found = []
        for seed in range(10):
            random.seed(seed)
            igraph.set_random_number_generator(random)
            codes = np.array(graph.community_leiden(objective_function=objective, weights=weights, resolution=resolution,
                                                    n_iterations=-1).membership)
            found.append((quality(objective, resolution, codes), int(codes.max()) + 1))
        q, k = max(found)
        best.append(dict(objective=objective.lower(), resolution=resolution, quality=round(float(q), 6), clusters=k))
fixture = dict(versions={'igraph': igraph.__version__, 'numpy': np.__version__}, nodes=n,
               edges=[[*pair, weight] for pair, weight in zip(pairs, weights)], best=best)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'communities.json')
with open(path, 'w') as f:
    json.dump(fixture, f, separators=(',', ':'))
    f.write('\n')
