/* Affine functions of all modes: out[r, o] = bias[o] + sum_k sum_i x[k, r, i] m[k, i, o], real, where a complex number
 * counts as two. The columns of m and the bias are padded to whole vectors. */
#define DENSE_ROWS 4

typedef struct {
    const REAL *x, *m, *bias;
    REAL *out;
    Py_ssize_t modes, rows, inner, columns;
} NAME(dense_call);

INLINE void NAME(dense_block)(const NAME(dense_call) *c, Py_ssize_t first, Py_ssize_t start, const int rows) {
    const Py_ssize_t width = (c->columns + LANES - 1) / LANES * LANES;
    V sums[DENSE_ROWS];
    for (int r = 0; r < rows; r++) memcpy(&sums[r], c->bias + start, sizeof(V));
    for (Py_ssize_t k = 0; k < c->modes; k++) {
        const REAL *m = c->m + k * c->inner * width + start, *x = c->x + (k * c->rows + first) * c->inner;
        for (Py_ssize_t i = 0; i < c->inner; i++) {
            V column;
            memcpy(&column, m + i * width, sizeof column);
            for (int r = 0; r < rows; r++) sums[r] += x[r * c->inner + i] * column;
        }
    }
    for (int r = 0; r < rows; r++)
        memcpy(c->out + (first + r) * c->columns + start, &sums[r], sizeof(REAL) * MIN(LANES, c->columns - start));
}

TARGET static void NAME(dense_rows)(const NAME(dense_call) *c, Py_ssize_t first, int rows) {
    for (Py_ssize_t start = 0; start < c->columns; start += LANES) switch (rows) {
        case 4: NAME(dense_block)(c, first, start, 4); break;
        case 3: NAME(dense_block)(c, first, start, 3); break;
        case 2: NAME(dense_block)(c, first, start, 2); break;
        case 1: NAME(dense_block)(c, first, start, 1); break;
        }
}

static int NAME(dense_body)(void *context, Pieces *pieces) {
    const NAME(dense_call) *c = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t block = first; block < last; block++)
            NAME(dense_rows)(c, block * DENSE_ROWS, (int)MIN(DENSE_ROWS, c->rows - block * DENSE_ROWS));
    return 0;
}

static int NAME(dense)(const void *x, const void *m, const void *bias, void *out, Py_ssize_t modes, Py_ssize_t rows,
                       Py_ssize_t inner, Py_ssize_t columns, int threads) {
    NAME(dense_call) call = {x, m, bias, out, modes, rows, inner, columns};
    return share(NAME(dense_body), &call, (rows + DENSE_ROWS - 1) / DENSE_ROWS, threads);
}
#undef DENSE_ROWS
