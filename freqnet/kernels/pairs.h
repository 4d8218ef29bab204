/* Products over channels of Hartley spectra, which combine the modes k and -k. With E and O the even and the odd part
 * of the response b at k, the results are a[k] E + a[-k] O at k (here) and a[-k] E - a[k] O at -k (there): four matrix
 * products.
 *
 * b is packed into panels of 2 vectors of columns (the last panel has 1 vector if that is enough), E beside O.
 * For a block of 4 rows and a panel the sums stay in registers. */
#define BLOCK_ROWS 4

/* rows and vectors are constants in every call, so that the sums stay in registers. */
INLINE void NAME(pair_block)(const REAL *a, const REAL *mirror, const V *panel, const Shape *s, const int rows,
                             const int vectors, REAL *out, REAL *out_mirror, int columns) {
    V here[BLOCK_ROWS][2], there[BLOCK_ROWS][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) here[r][v] = there[r][v] = (V){0};
    for (Py_ssize_t i = 0; i < s->inner; i++, panel += 2 * vectors)
        for (int r = 0; r < rows; r++) {
            const REAL x = a[r * s->row_stride + i * s->inner_stride], y = mirror[r * s->row_stride + i * s->inner_stride];
            for (int v = 0; v < vectors; v++) {
                here[r][v] += x * panel[v], there[r][v] += y * panel[v];
                here[r][v] += y * panel[vectors + v], there[r][v] -= x * panel[vectors + v];
            }
        }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            const size_t bytes = sizeof(REAL) * MIN(LANES, columns - v * LANES);
            /* The adjoint in the response negates the result at -k. */
            const V last = s->conjugate_a ? -there[r][v] : there[r][v];
            memcpy(out + r * s->columns + v * LANES, &here[r][v], bytes);
            memcpy(out_mirror + r * s->columns + v * LANES, &last, bytes);
        }
}

#define ALL_ROWS(VECTORS)                                                                                             \
    for (Py_ssize_t r = 0; r < s->rows; r += BLOCK_ROWS) {                                                            \
        const REAL *p = a + r * s->row_stride, *q = mirror + r * s->row_stride;                                       \
        REAL *o = out + r * s->columns, *w = out_mirror + r * s->columns;                                             \
        switch (MIN(BLOCK_ROWS, s->rows - r)) {                                                                       \
        case 4: NAME(pair_block)(p, q, panel, s, 4, VECTORS, o, w, columns); break; \
        case 3: NAME(pair_block)(p, q, panel, s, 3, VECTORS, o, w, columns); break; \
        case 2: NAME(pair_block)(p, q, panel, s, 2, VECTORS, o, w, columns); break; \
        case 1: NAME(pair_block)(p, q, panel, s, 1, VECTORS, o, w, columns); break; \
        }                                                                                                             \
    }

TARGET static void NAME(pair_rows)(const REAL *a, const REAL *mirror, const V *panel, const Shape *s, REAL *out,
                                   REAL *out_mirror, int columns) {
    if (columns > LANES) {
        ALL_ROWS(2)
    } else {
        ALL_ROWS(1)
    }
}

/* Copy the even and the odd part of b into panels and pad them with zeros. For the adjoint in the input
 * (adjoint_b), b is stored as (columns, inner) and the odd part changes sign. For the adjoint in the response
 * (conjugate_a), the odd part takes the place of the even one, and the even part that of the odd one. */
TARGET static void NAME(pack_pair)(const REAL *b, const REAL *mirror, const Shape *s, REAL *panels) {
    const Py_ssize_t step_i = s->adjoint_b ? 1 : s->columns, step_c = s->adjoint_b ? s->inner : 1;
    const REAL even = s->conjugate_a ? -0.5 : 0.5, odd = s->conjugate_a ? 0.5 : -0.5, sign = s->adjoint_b ? -1 : 1;
    for (Py_ssize_t first = 0; first < s->columns; first += 2 * LANES) {
        const int count = (int)MIN(2 * LANES, s->columns - first), width = count > LANES ? 2 * LANES : LANES;
        for (Py_ssize_t i = 0; i < s->inner; i++, panels += 2 * width) {
            const REAL *p = b + i * step_i + first * step_c, *q = mirror + i * step_i + first * step_c;
            for (int c = 0; c < count; c++) {
                const REAL x = p[c * step_c], y = q[c * step_c];
                panels[c] = (REAL)0.5 * x + even * y, panels[width + c] = sign * ((REAL)0.5 * x + odd * y);
            }
            for (int c = count; c < width; c++) panels[c] = panels[width + c] = 0;
        }
    }
}

static int NAME(pairs_body)(void *context, Pieces *pieces) {
    const NAME(channels_call) *call = context;
    const Shape *s = call->s;
    const Py_ssize_t vectors = (s->columns + LANES - 1) / LANES;
    const Py_ssize_t size_a = s->rows * s->inner, size_b = s->inner * s->columns, size = s->rows * s->columns;
    Py_ssize_t first, last;
    V *panels = NULL;
    while (take(pieces, &first, &last)) {
        if (!panels) panels = allocate(sizeof(V) * 2 * s->inner * vectors);
        if (!panels) return 1;
        for (Py_ssize_t mode = first; mode < last; mode++) {
            const Py_ssize_t mirror = s->modes - 1 - mode;
            NAME(pack_pair)(call->b + mode * size_b, call->b + mirror * size_b, s, (REAL *)panels);
            for (Py_ssize_t c = 0; c < s->columns; c += 2 * LANES)
                NAME(pair_rows)(call->a + mode * size_a, call->a + mirror * size_a, panels + 2 * (c / LANES) * s->inner, s,
                                call->out + mode * size + c, call->out + mirror * size + c,
                                (int)MIN(2 * LANES, s->columns - c));
        }
    }
    free(panels);
    return 0;
}

/* The modes up to the middle, which is the mean: it is its own mirror image. */
static int NAME(pairs)(const void *a, const void *b, void *out, const Shape *s, int threads) {
    NAME(channels_call) call = {a, b, out, s};
    return share(NAME(pairs_body), &call, (s->modes + 1) / 2, threads);
}
#undef BLOCK_ROWS
#undef ALL_ROWS
