/** Multiplies the rows of a CSR block: addresses in bytes, `stride` in bytes (a multiple of 16). */
export type SparseProduct = (
  rows: number,
  indptr: number,
  indices: number,
  data: number,
  b: number,
  stride: number,
  out: number,
) => void;

/** The nearest among candidates. */
export type Refinement = (
  from: number,
  to: number,
  k: number,
  kept: number,
  lists: number,
  order: number,
  points: number,
  dims: number,
  indices: number,
  distances: number,
) => void;

/** Where points lie, the bins of their distances, and where pairs are counted. */
export type Histogram = [
  xs: number,
  ys: number,
  exact: number,
  squares: number,
  bins: number,
  perWidth: number,
  shift: number,
  doubt: number,
  bits: number,
  histogram: number,
  table: number,
  found: number,
];

/** The exports of assembly/kernels; each is described there. Addresses are byte offsets into the arena's memory. */
export interface Kernels {
  readonly nearestCenter: (
    points: number,
    width: number,
    order: number,
    from: number,
    to: number,
    centers: number,
    lengths: number,
    out: number,
  ) => void;
  readonly distancesTo: (
    points: number,
    width: number,
    point: number,
    from: number,
    to: number,
    out: number,
  ) => void;
  readonly rankNeighborhoods: (
    nodes: number,
    indptr: number,
    weights: number,
    drawn: number,
    width: number,
    count: number,
    u: number,
    v: number,
    kind: number,
    observed: number,
    slack: number,
    upper: number,
    lower: number,
  ) => void;
  readonly gatherShares: (
    from: number,
    to: number,
    n: number,
    d: number,
    k: number,
    points: number,
    slopes: number,
    offsets: number,
    scores: number,
    out: number,
  ) => void;
  readonly gatherNearest: (
    from: number,
    to: number,
    n: number,
    d: number,
    k: number,
    points: number,
    centers: number,
    out: number,
  ) => void;
  readonly nearestGroup: (
    tip: number,
    before: number,
    alive: number,
    d: number,
    stride: number,
    means: number,
    sizes: number,
    least: number,
  ) => number;
  readonly nearestRectangles: (
    n: number,
    points: number,
    width: number,
    order: number,
    rectangles: number,
    count: number,
    kept: number,
    lists: number,
    room: number,
    own: number,
  ) => void;
  readonly turnAround: (
    n: number,
    kept: number,
    lists: number,
    from: number,
    to: number,
    counts: number,
    sources: number,
  ) => void;
  readonly nearestOfNeighbors: (
    n: number,
    points: number,
    width: number,
    from: number,
    to: number,
    counts: number,
    sources: number,
    kept: number,
    lists: number,
    room: number,
    own: number,
  ) => void;
  readonly mergeNearest: (
    n: number,
    from: number,
    to: number,
    kept: number,
    lists: number,
    room: number,
    own: number,
    bytes: number,
    threads: number,
  ) => void;
  readonly nngpWeights: (
    from: number,
    to: number,
    places: number,
    dims: number,
    m: number,
    neighbors: number,
    gaussian: number,
    inverse: number,
    share: number,
    weights: number,
    k: number,
    design: number,
    whitened: number,
    room: number,
  ) => void;
  readonly nngpSquares: (
    n: number,
    m: number,
    neighbors: number,
    weights: number,
    k: number,
    whitened: number,
    genes: number,
    count: number,
    indptr: number,
    indices: number,
    values: number,
    sums: number,
    room: number,
  ) => void;
  readonly countPairs: (tasks: number, count: number, nodes: number, ...counted: Histogram) => void;
  readonly countEarlier: (
    tasks: number,
    count: number,
    points: number,
    middleX: number,
    middleY: number,
    reach: number,
    cells: number,
    ...counted: Histogram
  ) => void;
  readonly weighPairs: (
    tasks: number,
    count: number,
    nodes: number,
    exact: number,
    squares: number,
    bins: number,
    perWidth: number,
    shift: number,
    edge: number,
    windows: number,
    limits: number,
    found: number,
  ) => void;
  readonly closestSquares: (
    tasks: number,
    count: number,
    nodes: number,
    exact: number,
    found: number,
  ) => void;
  readonly tallyDeals: (
    codes: number,
    parts: number,
    partCount: number,
    nodes: number,
    indptr: number,
    indices: number,
    k: number,
    states: number,
    count: number,
    found: number,
    dealt: number,
  ) => void;
  readonly reachDeals: (
    codes: number,
    cells: number,
    k: number,
    sizes: number,
    states: number,
    lanes: number,
    geneStart: number,
    genes: number,
    positions: number,
    values: number,
    complexStart: number,
    complexParts: number,
    complexes: number,
    ligand: number,
    receptor: number,
    least: number,
    rows: number,
    reached: number,
    dealt: number,
    slots: number,
    sums: number,
    means: number,
    perComplex: number,
  ) => void;
  readonly projectRows: (
    basis: number,
    stride: number,
    from: number,
    to: number,
    at: number,
    count: number,
    sizes: number,
    sizesStride: number,
  ) => void;
  readonly refineNearest32: Refinement;
  readonly refineNearest64: Refinement;
  readonly strengthsOf: (
    from: number,
    to: number,
    k: number,
    goal: number,
    meanOfAll: number,
    distances: number,
    strengths: number,
  ) => void;
  readonly filterRows: (
    from: number,
    to: number,
    indptr: number,
    indices: number,
    data: number,
    factor: number,
    center: number,
    half: number,
    now: number,
    before: number,
    out: number,
  ) => void;
  readonly crossRows: (n: number, row: number, x: number, y: number, out: number) => void;
  readonly combineRows: (from: number, to: number, x: number, matrix: number) => void;
  readonly sparseTimesDense32: SparseProduct;
  readonly sparseTimesDense64: SparseProduct;
  readonly transposeTimesDense32: SparseProduct;
  readonly transposeTimesDense64: SparseProduct;
  readonly rankColumns: (
    first: number,
    last: number,
    offsets: number,
    keys: number,
    rows: number,
    spareKeys: number,
    spareRows: number,
    histogram: number,
    stored: number,
    labelings: number,
    count: number,
  ) => void;
  readonly centredProduct32: (
    rows: number,
    cols: number,
    indptr: number,
    indices: number,
    data: number,
    v: number,
    stride: number,
    shift: number,
    y: number,
    z: number,
    sums: number,
  ) => void;
  readonly tsneTree: (
    n: number,
    x: number,
    y: number,
    nodes: number,
    levels: number,
    top: number,
    sharpness: number,
  ) => void;
  readonly tsneForces: (
    from: number,
    to: number,
    n: number,
    padded: number,
    x: number,
    y: number,
    pairs: number,
    nodes: number,
    levels: number,
    top: number,
    starts: number,
    others: number,
    strengths: number,
    out: number,
  ) => void;
  readonly tsneMove: (
    padded: number,
    x: number,
    y: number,
    pairs: number,
    forces: number,
    state: number,
    exaggeration: number,
    scale: number,
    momentum: number,
    rate: number,
  ) => void;
  readonly listEdges: (
    from: number,
    to: number,
    order: number,
    places: number,
    indptr: number,
    indices: number,
    weights: number,
    strongest: number,
    start: number,
    end: number,
    next: number,
    heads: number,
    tails: number,
    rates: number,
  ) => void;
  readonly umapEpoch: (
    start: number,
    end: number,
    epoch: number,
    step: number,
    nodes: number,
    from: number,
    own: number,
    heads: number,
    tails: number,
    rates: number,
    now: number,
    next: number,
    pulls: number,
    pushes: number,
    negatives: number,
    random: number,
    queue: number,
  ) => void;
}
