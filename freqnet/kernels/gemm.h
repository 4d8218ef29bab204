/* Real matrix products out[r, c] = sum_i a[r, i] b[i, c] with free strides, for an array of n[0] by n[1] pairs of
 * matrices, either one result per pair, or the sum over all pairs, beginning with a bias.
 *
 * A complex array counts as a real one with twice the columns; columns of b may therefore lie in two planes, one for
 * real and one for imaginary parts: column c is in plane c % planes. */
#undef GEMM_ROWS
/* As many independent sums as the multiply-adds need that a core has under way. */
#define GEMM_ROWS 8

/* The matrix product of up to 8 rows and one vector of columns, added to the sums. */
INLINE void NAME(gemm_block)(const REAL *a, const REAL *panel, const Gemm *g, const int rows, V *sums) {
    /* The compiler keeps local variables in registers. */
    V s[GEMM_ROWS];
    const Py_ssize_t a_row = g->a_row, a_inner = g->a_inner, inner = g->inner;
    for (int r = 0; r < rows; r++) s[r] = sums[r];
    for (Py_ssize_t i = 0; i < inner; i++, a += a_inner, panel += LANES) {
        V column;
        memcpy(&column, panel, sizeof column);
        for (int r = 0; r < rows; r++) s[r] += a[r * a_row] * column;
    }
    for (int r = 0; r < rows; r++) sums[r] = s[r];
}

TARGET static void NAME(gemm_sums)(const REAL *a, const REAL *panel, const Gemm *g, int rows, V *sums) {
    switch (rows) {
    case 8: NAME(gemm_block)(a, panel, g, 8, sums); break;
    case 7: NAME(gemm_block)(a, panel, g, 7, sums); break;
    case 6: NAME(gemm_block)(a, panel, g, 6, sums); break;
    case 5: NAME(gemm_block)(a, panel, g, 5, sums); break;
    case 4: NAME(gemm_block)(a, panel, g, 4, sums); break;
    case 3: NAME(gemm_block)(a, panel, g, 3, sums); break;
    case 2: NAME(gemm_block)(a, panel, g, 2, sums); break;
    case 1: NAME(gemm_block)(a, panel, g, 1, sums); break;
    }
}

/* Copy b into panels of one vector of columns, padded with zeros. */
TARGET static void NAME(gemm_pack)(const REAL *b, const Gemm *g, REAL *panels) {
    memset(panels, 0, sizeof(REAL) * g->inner * ((g->columns + LANES - 1) / LANES) * LANES);
    for (Py_ssize_t plane = 0; plane < g->planes; plane++)
        for (Py_ssize_t c = plane, at = 0; c < g->columns; c += g->planes, at++) {
            const REAL *from = b + at * g->b_column + plane * g->b_plane;
            REAL *to = panels + c / LANES * g->inner * LANES + c % LANES;
            for (Py_ssize_t i = 0; i < g->inner; i++) to[i * LANES] = from[i * g->b_inner];
        }
}

typedef struct { const REAL *a, *b, *bias; REAL *out, *panels; const Gemm *g; } NAME(gemm_call);

INLINE void NAME(gemm_store)(const V *sums, REAL *out, const Gemm *g, int rows, Py_ssize_t start) {
    const int count = (int)MIN(LANES, g->columns - start);
    for (int r = 0; r < rows; r++, out += g->out_row)
        /* With a constant size memcpy compiles to a store. */
        if (count == LANES) memcpy(out + start, &sums[r], sizeof *sums);
        else for (int l = 0; l < count; l++) out[start + l] = ((const REAL *)&sums[r])[l];
}

static int NAME(gemm_each)(void *context, Pieces *pieces) {
    const NAME(gemm_call) *call = context;
    const Gemm *g = call->g;
    const Py_ssize_t vectors = (g->columns + LANES - 1) / LANES;
    Py_ssize_t first, last;
    REAL *panels = NULL;
    while (take(pieces, &first, &last)) {
        if (!panels && !(panels = allocate(sizeof(REAL) * g->inner * vectors * LANES))) return 1;
        for (Py_ssize_t at = first; at < last; at++) {
            const Py_ssize_t k = at / g->n[1], j = at % g->n[1];
            const REAL *a = call->a + k * g->a_step[0] + j * g->a_step[1];
            REAL *out = call->out + k * g->out_step[0] + j * g->out_step[1];
            NAME(gemm_pack)(call->b + k * g->b_step[0] + j * g->b_step[1], g, panels);
            for (Py_ssize_t v = 0; v < vectors; v++)
                for (Py_ssize_t r = 0; r < g->rows; r += GEMM_ROWS) {
                    const int rows = (int)MIN(GEMM_ROWS, g->rows - r);
                    V sums[GEMM_ROWS] = {{0}};
                    NAME(gemm_sums)(a + r * g->a_row, panels + v * g->inner * LANES, g, rows, sums);
                    NAME(gemm_store)(sums, out + r * g->out_row, g, rows, v * LANES);
                }
        }
    }
    free(panels);
    return 0;
}

static int NAME(gemm_total)(void *context, Pieces *pieces) {
    const NAME(gemm_call) *call = context;
    const Gemm *g = call->g;
    const Py_ssize_t vectors = (g->columns + LANES - 1) / LANES, size = g->inner * vectors * LANES;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t r = first * GEMM_ROWS; r < MIN(last * GEMM_ROWS, g->rows); r += GEMM_ROWS)
            for (Py_ssize_t v = 0; v < vectors; v++) {
                const int rows = (int)MIN(GEMM_ROWS, g->rows - r), count = (int)MIN(LANES, g->columns - v * LANES);
                V sums[GEMM_ROWS] = {{0}};
                for (int i = 0; call->bias && i < rows; i++)
                    memcpy(&sums[i], call->bias + v * LANES, sizeof(REAL) * count);
                for (Py_ssize_t at = 0; at < g->n[0] * g->n[1]; at++) {
                    /* Each pair by itself: one sum of thousands of terms would lose several times as many digits. */
                    V part[GEMM_ROWS] = {{0}};
                    NAME(gemm_sums)(call->a + at / g->n[1] * g->a_step[0] + at % g->n[1] * g->a_step[1] + r * g->a_row,
                                    call->panels + at * size + v * g->inner * LANES, g, rows, part);
                    for (int i = 0; i < rows; i++) sums[i] += part[i];
                }
                NAME(gemm_store)(sums, call->out + r * g->out_row, g, rows, v * LANES);
            }
    return 0;
}

static int NAME(gemm)(const void *a, const void *b, const void *bias, void *out, const Gemm *g, int threads) {
    NAME(gemm_call) call = {a, b, bias, out, NULL, g};
    if (!g->sum) return share(NAME(gemm_each), &call, g->n[0] * g->n[1], threads);
    const Py_ssize_t size = g->inner * ((g->columns + LANES - 1) / LANES) * LANES, count = g->n[0] * g->n[1];
    call.panels = g->packed ? (REAL *)b : allocate(sizeof(REAL) * size * count);
    if (!call.panels) return 1;
    for (Py_ssize_t at = 0; !g->packed && at < count; at++)
        NAME(gemm_pack)(call.b + at / g->n[1] * g->b_step[0] + at % g->n[1] * g->b_step[1], g, call.panels + at * size);
    const int failed = share(NAME(gemm_total), &call, (g->rows + GEMM_ROWS - 1) / GEMM_ROWS, threads);
    if (!g->packed) free(call.panels);
    return failed;
}
