/* Signals that are stored as values at real nodes: products, matrices along the axes, sums over nodes, affine maps.
 *
 * The pointwise product of two signals, for two axes, is
 * out[k, l] = sum_i sum_j first[k, i, j] sum_p sum_q second[l, p, q] a[i, p] b[j, q] for every lane.
 *
 * A tile is one vector of lanes; its operands and sums stay in the cache of first level. For each l, the last axis of a
 * is contracted to (i, q), then that of b to pairs (i, j), then the pairs to k. In a square, pairs (i, j) and (j, i) are
 * equal, and only those with i <= j are computed. */
#define MOST 12

typedef struct {
    const REAL *second, *a, *b;
    REAL *out, *pairs;
    const Forms *f;
    Py_ssize_t lanes;
    int is_square;
} NAME(bilinear_call);

/* out[c] = sum_i matrix[i, c] x[i], for n columns; n is a constant in every call, so that sums stay in registers. */
INLINE void NAME(node_columns_block)(const REAL *matrix, Py_ssize_t width, const V *x, Py_ssize_t inner, const int n, V *out) {
    V sums[MOST];
    for (int c = 0; c < n; c++) sums[c] = (V){0};
    for (Py_ssize_t i = 0; i < inner; i++)
        for (int c = 0; c < n; c++) sums[c] += matrix[i * width + c] * x[i];
    for (int c = 0; c < n; c++) out[c] = sums[c];
}

/* out[c] = sum_i rows[c, i] x[i], lane by lane, for n rows. */
INLINE void NAME(node_rows_block)(const V *rows, const V *x, Py_ssize_t inner, const int n, V *out) {
    V sums[MOST];
    for (int c = 0; c < n; c++) sums[c] = (V){0};
    for (Py_ssize_t i = 0; i < inner; i++)
        for (int c = 0; c < n; c++) sums[c] += rows[c * inner + i] * x[i];
    for (int c = 0; c < n; c++) out[c] = sums[c];
}

#define EACH(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)

/* Blocks of nearly equal width. */
TARGET static void NAME(node_columns)(const REAL *matrix, Py_ssize_t width, const V *x, Py_ssize_t inner, V *out) {
    const Py_ssize_t blocks = (width + MOST - 1) / MOST;
    for (Py_ssize_t block = 0; block < blocks; block++) {
        const Py_ssize_t from = width * block / blocks, to = width * (block + 1) / blocks;
#define CASE(n) case n: NAME(node_columns_block)(matrix + from, width, x, inner, n, out + from); break;
        switch (to - from) { EACH(CASE) }
#undef CASE
    }
}

TARGET static void NAME(node_rows)(const V *rows, const V *x, Py_ssize_t inner, Py_ssize_t count, V *out) {
    const Py_ssize_t blocks = (count + MOST - 1) / MOST;
    for (Py_ssize_t block = 0; block < blocks; block++) {
        const Py_ssize_t from = count * block / blocks, to = count * (block + 1) / blocks;
#define CASE(n) case n: NAME(node_rows_block)(rows + from * inner, x, inner, n, out + from); break;
        switch (to - from) { EACH(CASE) }
#undef CASE
    }
}
#undef EACH

/* Copy one vector of lanes of all nodes; missing lanes are set to zero. */
TARGET static void NAME(gather_lanes)(const REAL *source, Py_ssize_t nodes, Py_ssize_t lanes, Py_ssize_t start,
                                      V *target) {
    const size_t bytes = sizeof(REAL) * MIN(LANES, lanes - start);
    for (Py_ssize_t i = 0; i < nodes; i++) {
        target[i] = (V){0};
        memcpy(target + i, source + i * lanes + start, bytes);
    }
}

TARGET static void NAME(bilinear_tile)(const NAME(bilinear_call) *c, Py_ssize_t start, V *work) {
    const Forms *f = c->f;
    const Py_ssize_t inputs = f->inputs[0] * f->inputs[1], others = f->others[0] * f->others[1];
    const size_t bytes = sizeof(REAL) * MIN(LANES, c->lanes - start);
    V *a = work, *b = c->is_square ? a : a + inputs, *half = b + others, *pairs = half + f->others[1];
    V *found = pairs + f->inputs[0] * f->others[0];
    NAME(gather_lanes)(c->a, inputs, c->lanes, start, a);
    if (!c->is_square) NAME(gather_lanes)(c->b, others, c->lanes, start, b);
    for (Py_ssize_t l = 0; l < f->outputs[1]; l++) {
        const REAL *matrix = c->second + l * f->inputs[1] * f->others[1];
        V *to = pairs;
        for (Py_ssize_t i = 0; i < f->inputs[0]; i++) {
            const Py_ssize_t from = c->is_square ? i : 0, count = f->others[0] - from;
            NAME(node_columns)(matrix, f->others[1], a + i * f->inputs[1], f->inputs[1], half);
            NAME(node_rows)(b + from * f->others[1], half, f->others[1], count, to);
            to += count;
        }
        NAME(node_columns)(c->pairs, f->outputs[0], pairs, to - pairs, found);
        for (Py_ssize_t k = 0; k < f->outputs[0]; k++)
            memcpy(c->out + (k * f->outputs[1] + l) * c->lanes + start, found + k, bytes);
    }
}

static int NAME(bilinear_body)(void *context, Pieces *pieces) {
    const NAME(bilinear_call) *c = context;
    const Forms *f = c->f;
    const Py_ssize_t size = f->inputs[0] * f->inputs[1] + f->others[0] * f->others[1] + f->others[1] +
                            f->inputs[0] * f->others[0] + f->outputs[0];
    Py_ssize_t first, last;
    V *work = NULL;
    while (take(pieces, &first, &last)) {
        if (!work && !(work = allocate(sizeof(V) * size))) return 1;
        for (Py_ssize_t t = first; t < last; t++) NAME(bilinear_tile)(c, t * LANES, work);
    }
    free(work);
    return 0;
}

/* Write the first form as (pairs, outputs), with one pair for (i, j) and (j, i) in a square. */
static void NAME(pack_pairs)(const REAL *form, const Forms *f, int is_square, REAL *pairs) {
    const Py_ssize_t count = f->others[0], size = f->inputs[0] * count;
    for (Py_ssize_t i = 0; i < f->inputs[0]; i++)
        for (Py_ssize_t j = is_square ? i : 0; j < count; j++)
            for (Py_ssize_t k = 0; k < f->outputs[0]; k++) {
                const REAL one = form[k * size + i * count + j];
                *pairs++ = is_square && i != j ? one + form[k * size + j * count + i] : one;
            }
}

static int NAME(bilinear)(const void *first, const void *second, const void *a, const void *b, void *out,
                          const Forms *f, Py_ssize_t lanes, int is_square, int threads) {
    REAL *pairs = allocate(sizeof(REAL) * f->outputs[0] * f->inputs[0] * f->others[0]);
    if (!pairs) return 1;
    NAME(pack_pairs)(first, f, is_square, pairs);
    NAME(bilinear_call) call = {second, a, b, out, pairs, f, lanes, is_square};
    const int failed = share(NAME(bilinear_body), &call, (lanes + LANES - 1) / LANES, threads);
    free(pairs);
    return failed;
}
#undef MOST

/* One matrix for each of two axes: out[k, l] = sum_i first[i, k] sum_j second[j, l] a[i, j] for every lane. */
typedef struct {
    const REAL *first, *second, *a;
    REAL *out;
    const Py_ssize_t *inputs, *outputs;
    Py_ssize_t lanes;
} NAME(matrices_call);

TARGET static void NAME(matrices_tile)(const NAME(matrices_call) *c, Py_ssize_t start, V *work) {
    const Py_ssize_t rows = c->inputs[0], columns = c->inputs[1], *outputs = c->outputs;
    const size_t bytes = sizeof(REAL) * MIN(LANES, c->lanes - start);
    /* After the last axis the first one goes innermost. */
    V *a = work, *turned = a + rows * columns, *found = turned + rows * outputs[1];
    NAME(gather_lanes)(c->a, rows * columns, c->lanes, start, a);
    for (Py_ssize_t i = 0; i < rows; i++) {
        NAME(node_columns)(c->second, outputs[1], a + i * columns, columns, found);
        for (Py_ssize_t l = 0; l < outputs[1]; l++) turned[l * rows + i] = found[l];
    }
    for (Py_ssize_t l = 0; l < outputs[1]; l++) {
        NAME(node_columns)(c->first, outputs[0], turned + l * rows, rows, found);
        for (Py_ssize_t k = 0; k < outputs[0]; k++)
            memcpy(c->out + (k * outputs[1] + l) * c->lanes + start, found + k, bytes);
    }
}

static int NAME(matrices_body)(void *context, Pieces *pieces) {
    const NAME(matrices_call) *c = context;
    const Py_ssize_t size = c->inputs[0] * (c->inputs[1] + c->outputs[1]) + MAX(c->outputs[0], c->outputs[1]);
    Py_ssize_t first, last;
    V *work = NULL;
    while (take(pieces, &first, &last)) {
        if (!work && !(work = allocate(sizeof(V) * size))) return 1;
        for (Py_ssize_t t = first; t < last; t++) NAME(matrices_tile)(c, t * LANES, work);
    }
    free(work);
    return 0;
}

static int NAME(matrices)(const void *first, const void *second, const void *a, void *out, const Py_ssize_t *inputs,
                          const Py_ssize_t *outputs, Py_ssize_t lanes, int threads) {
    NAME(matrices_call) call = {first, second, a, out, inputs, outputs, lanes};
    return share(NAME(matrices_body), &call, (lanes + LANES - 1) / LANES, threads);
}

#define CHUNK 128

typedef struct {
    const REAL *a, *p, *b, *q, *s, *row;
    REAL *out;
    Py_ssize_t nodes, lanes;
} NAME(node_call);

/* out[k] = p a[k] + q b[k] + s row[k], with one p, q and s per lane; without b, or without row, the term is left out. */
TARGET static void NAME(node_combine_chunk)(const NAME(node_call) *c, Py_ssize_t start, int count) {
    const REAL *p = c->p + start, *q = c->q + start, *s = c->s + start;
    for (Py_ssize_t k = 0; k < c->nodes; k++) {
        const REAL *a = c->a + k * c->lanes + start, *b = c->b + k * c->lanes + start;
        REAL *out = c->out + k * c->lanes + start;
        const REAL height = c->row ? c->row[k] : 0;
        if (c->b && c->row)
            for (int l = 0; l < count; l++) out[l] = p[l] * a[l] + q[l] * b[l] + s[l] * height;
        else if (c->b)
            for (int l = 0; l < count; l++) out[l] = p[l] * a[l] + q[l] * b[l];
        else if (c->row)
            for (int l = 0; l < count; l++) out[l] = p[l] * a[l] + s[l] * height;
        else
            for (int l = 0; l < count; l++) out[l] = p[l] * a[l];
    }
}

/* out = sum_k a[k] b[k] or, without b, sum_k row[k] a[k], per lane. */
TARGET static void NAME(node_sums_chunk)(const NAME(node_call) *c, Py_ssize_t start, int count) {
    REAL sums[CHUNK] = {0};
    for (Py_ssize_t k = 0; k < c->nodes; k++) {
        const REAL *a = c->a + k * c->lanes + start, *b = c->b + k * c->lanes + start;
        if (c->b)
            for (int l = 0; l < count; l++) sums[l] += a[l] * b[l];
        else
            for (int l = 0; l < count; l++) sums[l] += c->row[k] * a[l];
    }
    memcpy(c->out + start, sums, count * sizeof(REAL));
}

#define BODY(name, chunk)                                                                                             \
    static int NAME(name)(void *context, Pieces *pieces) {                                                            \
        const NAME(node_call) *c = context;                                                                           \
        Py_ssize_t first, last;                                                                                       \
        while (take(pieces, &first, &last))                                                                           \
            for (Py_ssize_t t = first; t < last; t++)                                                                 \
                NAME(chunk)(c, t * CHUNK, (int)MIN(CHUNK, c->lanes - t * CHUNK));                                     \
        return 0;                                                                                                     \
    }
BODY(node_combine_body, node_combine_chunk)
BODY(node_sums_body, node_sums_chunk)
#undef BODY

static int NAME(node_combine)(const void *const *arrays, void *out, Py_ssize_t nodes, Py_ssize_t lanes, int threads) {
    NAME(node_call) call = {arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], arrays[5], out, nodes, lanes};
    return share(NAME(node_combine_body), &call, (lanes + CHUNK - 1) / CHUNK, threads);
}

static int NAME(node_sums)(const void *a, const void *b, const void *row, void *out, Py_ssize_t nodes, Py_ssize_t lanes,
                           int threads) {
    NAME(node_call) call = {a, NULL, b, NULL, NULL, row, out, nodes, lanes};
    return share(NAME(node_sums_body), &call, (lanes + CHUNK - 1) / CHUNK, threads);
}
#undef CHUNK
