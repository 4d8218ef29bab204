/* Single passes over spectra (modes, lanes): Parseval's inner product, and p a + q b with one p and q per lane. */
#define CHUNK 256

/* sum_k w[k] Re(conj(a[k]) b[k]) for the lanes start .. start + count - 1; w is 1 in the first column, else 2. */
TARGET static void NAME(inner_chunk)(const REAL *a, const REAL *b, REAL *out, Py_ssize_t rows, Py_ssize_t columns,
                                     Py_ssize_t lanes, Py_ssize_t start, int count) {
    REAL once[2 * CHUNK], twice[2 * CHUNK];
    memset(once, 0, sizeof once);
    memset(twice, 0, sizeof twice);
    for (Py_ssize_t row = 0; row < rows; row++)
        for (Py_ssize_t x = 0; x < columns; x++) {
            const Py_ssize_t at = 2 * ((row * columns + x) * lanes + start);
            const REAL *p = a + at, *q = b + at;
            REAL *sum = x ? twice : once;
            for (int i = 0; i < 2 * count; i++) sum[i] += p[i] * q[i];
        }
    for (int l = 0; l < count; l++)
        out[start + l] = once[2 * l] + once[2 * l + 1] + 2 * (twice[2 * l] + twice[2 * l + 1]);
}

typedef struct { const REAL *a, *b, *p, *q; REAL *out; Py_ssize_t rows, columns, lanes; } NAME(pass_call);

static int NAME(inner_body)(void *context, Pieces *pieces) {
    const NAME(pass_call) *c = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t t = first; t < last; t++)
            NAME(inner_chunk)(c->a, c->b, c->out, c->rows, c->columns, c->lanes, t * CHUNK,
                              (int)MIN(CHUNK, c->lanes - t * CHUNK));
    return 0;
}

static int NAME(inner)(const void *a, const void *b, void *out, Py_ssize_t rows, Py_ssize_t columns,
                       Py_ssize_t lanes, int threads) {
    NAME(pass_call) call = {a, b, NULL, NULL, out, rows, columns, lanes};
    return share(NAME(inner_body), &call, (lanes + CHUNK - 1) / CHUNK, threads);
}

/* out may be a or b. */
TARGET static void NAME(combine_chunk)(const REAL *a, const REAL *b, const REAL *p, const REAL *q, REAL *out,
                                       Py_ssize_t modes, Py_ssize_t lanes, Py_ssize_t start, int count) {
    REAL of_a[2 * CHUNK], of_b[2 * CHUNK];
    for (int l = 0; l < count; l++) {
        of_a[2 * l] = of_a[2 * l + 1] = p[start + l];
        if (b) of_b[2 * l] = of_b[2 * l + 1] = q[start + l];
    }
    for (Py_ssize_t mode = 0; mode < modes; mode++) {
        const Py_ssize_t at = 2 * (mode * lanes + start);
        if (b)
            for (int i = 0; i < 2 * count; i++) out[at + i] = of_a[i] * a[at + i] + of_b[i] * b[at + i];
        else
            for (int i = 0; i < 2 * count; i++) out[at + i] = of_a[i] * a[at + i];
    }
}

static int NAME(combine_body)(void *context, Pieces *pieces) {
    const NAME(pass_call) *c = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t t = first; t < last; t++)
            NAME(combine_chunk)(c->a, c->b, c->p, c->q, c->out, c->rows, c->lanes, t * CHUNK,
                                (int)MIN(CHUNK, c->lanes - t * CHUNK));
    return 0;
}

static int NAME(combine)(const void *a, const void *b, const void *p, const void *q, void *out, Py_ssize_t modes,
                         Py_ssize_t lanes, int threads) {
    NAME(pass_call) call = {a, b, p, q, out, modes, 1, lanes};
    return share(NAME(combine_body), &call, (lanes + CHUNK - 1) / CHUNK, threads);
}
#undef CHUNK
#undef V
#undef LANES
#undef WIDEST
