/* Products over channels: for every mode, out[r, c] = sum_i a[r, i] b[i, c], complex and interleaved.
 *
 * b is packed into panels of 2 vectors of columns (the last panel has 1 vector if that is enough). For a block of
 * 4 rows and a panel the sums stay in registers. There are two ways, and the number of columns decides which takes less
 * work. In the first, panels are interleaved. The real and the imaginary part of a have separate sums: both parts are
 * broadcast, so that the loop needs no shuffle, and the two sums are combined once, at the end. In the second, panels
 * hold real parts, imaginary parts, and their sums, and three products take the place of four (Gauss):
 * re = p - q, im = s - p - q with p = re a re b, q = im a im b, s = (re a + im a) (re b + im b). */
#define PAIRS (LANES / 2)
#define BLOCK_ROWS 4
typedef INDEX NAME(indices) __attribute__((vector_size(VECTOR_BYTES)));

/* Swap the real and the imaginary part of every complex number. */
INLINE V NAME(swap)(V v) {
#if defined(__GNUC__) && !defined(__clang__)
    NAME(indices) order;
    for (int l = 0; l < LANES; l++) order[l] = l ^ 1;
    return __builtin_shuffle(v, order);
#else
    V out;
    for (int l = 0; l < LANES; l++) ((REAL *)&out)[l] = ((const REAL *)&v)[l ^ 1];
    return out;
#endif
}

/* rows and vectors are constants in every call, so that the sums stay in registers. */
INLINE void NAME(block)(const REAL *a, const V *panel, const Shape *s, const V *signs, const int rows,
                        const int vectors, REAL *out, int columns) {
    V real[BLOCK_ROWS][2], imag[BLOCK_ROWS][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) real[r][v] = imag[r][v] = (V){0};
    for (Py_ssize_t i = 0; i < s->inner; i++, panel += vectors)
        for (int r = 0; r < rows; r++) {
            const REAL *p = a + 2 * (r * s->row_stride + i * s->inner_stride);
            for (int v = 0; v < vectors; v++) real[r][v] += p[0] * panel[v], imag[r][v] += p[1] * panel[v];
        }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            const V sum = real[r][v] + *signs * NAME(swap)(imag[r][v]);
            REAL *o = out + 2 * (r * s->columns + v * PAIRS);
            const int count = MIN(PAIRS, columns - v * PAIRS);
            /* With constant sizes memcpy compiles to plain stores. */
            if (count == PAIRS) memcpy(o, &sum, sizeof sum);
            else if (4 * count == 3 * PAIRS) memcpy(o, &sum, sizeof sum * 3 / 4);
            else if (2 * count == PAIRS) memcpy(o, &sum, sizeof sum / 2);
            else for (int l = 0; l < 2 * count; l++) o[l] = ((const REAL *)&sum)[l];
        }
}

#define ALL_ROWS(VECTORS)                                                                                             \
    for (Py_ssize_t r = 0; r < s->rows; r += BLOCK_ROWS) {                                                            \
        const REAL *p = a + 2 * r * s->row_stride;                                                                    \
        REAL *o = out + 2 * r * s->columns;                                                                           \
        switch (MIN(BLOCK_ROWS, s->rows - r)) {                                                                       \
        case 4: NAME(block)(p, panel, s, &signs, 4, VECTORS, o, columns); break; \
        case 3: NAME(block)(p, panel, s, &signs, 3, VECTORS, o, columns); break; \
        case 2: NAME(block)(p, panel, s, &signs, 2, VECTORS, o, columns); break; \
        case 1: NAME(block)(p, panel, s, &signs, 1, VECTORS, o, columns); break; \
        }                                                                                                             \
    }

/* Multiply all rows of a by one panel. */
TARGET static void NAME(rows)(const REAL *a, const V *panel, const Shape *s, REAL *out, int columns) {
    /* (x + iy) b = x b + y (i b): after the swap, the sums with y are subtracted from the real and added to the
     * imaginary part; the other way round if a is conjugated. */
    V signs;
    for (int l = 0; l < LANES; l++) ((REAL *)&signs)[l] = (l % 2 != s->conjugate_a) ? 1 : -1;
    if (columns > PAIRS) {
        ALL_ROWS(2)
    } else {
        ALL_ROWS(1)
    }
}

/* Copy b into panels and pad them with zeros. For the adjoint, b is stored as (columns, inner) and conjugated. */
TARGET static void NAME(pack)(const REAL *b, const Shape *s, REAL *panels) {
    const REAL sign = s->adjoint_b ? -1 : 1;
    const Py_ssize_t step_i = s->adjoint_b ? 1 : s->columns, step_c = s->adjoint_b ? s->inner : 1;
    for (Py_ssize_t first = 0; first < s->columns; first += 2 * PAIRS) {
        const int count = (int)MIN(2 * PAIRS, s->columns - first), width = count > PAIRS ? 2 * PAIRS : PAIRS;
        for (Py_ssize_t i = 0; i < s->inner; i++, panels += 2 * width) {
            const REAL *from = b + 2 * (i * step_i + first * step_c);
            if (step_c == 1 && sign == 1)
                for (int c = 0; c < 2 * count; c++) panels[c] = from[c];
            else
                for (int c = 0; c < count; c++)
                    panels[2 * c] = from[2 * c * step_c], panels[2 * c + 1] = sign * from[2 * c * step_c + 1];
            for (int c = 2 * count; c < 2 * width; c++) panels[c] = 0;
        }
    }
}

/* -- three products -- */
/* rows and vectors are constants in every call. */
INLINE void NAME(block3)(const REAL *a, const REAL *a_sum, const V *panel, const Shape *s, const int rows,
                         const int vectors, REAL *out, int columns) {
    V p[BLOCK_ROWS][2], q[BLOCK_ROWS][2], t[BLOCK_ROWS][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) p[r][v] = q[r][v] = t[r][v] = (V){0};
    for (Py_ssize_t i = 0; i < s->inner; i++, panel += 3 * vectors) {
        V b[6];
        for (int v = 0; v < 3 * vectors; v++) {
            b[v] = panel[v];
            KEEP(b[v]);
        }
        for (int r = 0; r < rows; r++) {
            const Py_ssize_t at = r * s->row_stride + i * s->inner_stride;
            for (int v = 0; v < vectors; v++) p[r][v] += a[2 * at] * b[v];
            for (int v = 0; v < vectors; v++) q[r][v] += a[2 * at + 1] * b[vectors + v];
            for (int v = 0; v < vectors; v++) t[r][v] += a_sum[at] * b[2 * vectors + v];
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            const V other = s->conjugate_a ? -q[r][v] : q[r][v];
            const V re = p[r][v] - other, im = t[r][v] - p[r][v] - other;
            NAME(store)(out + 2 * (r * s->columns + v * LANES), MIN(LANES, columns - v * LANES), &re, &im, 0);
        }
}

#define ALL_ROWS3(VECTORS)                                                                                            \
    for (Py_ssize_t r = 0; r < s->rows; r += BLOCK_ROWS) {                                                            \
        const REAL *p = a + 2 * r * s->row_stride, *q = a_sum + r * s->row_stride;                                    \
        REAL *o = out + 2 * r * s->columns;                                                                           \
        switch (MIN(BLOCK_ROWS, s->rows - r)) {                                                                       \
        case 4: NAME(block3)(p, q, panel, s, 4, VECTORS, o, columns); break;                                          \
        case 3: NAME(block3)(p, q, panel, s, 3, VECTORS, o, columns); break;                                          \
        case 2: NAME(block3)(p, q, panel, s, 2, VECTORS, o, columns); break;                                          \
        case 1: NAME(block3)(p, q, panel, s, 1, VECTORS, o, columns); break;                                          \
        }                                                                                                             \
    }

TARGET static void NAME(rows3)(const REAL *a, const REAL *a_sum, const V *panel, const Shape *s, REAL *out, int columns) {
    if (columns > LANES) {
        ALL_ROWS3(2)
    } else {
        ALL_ROWS3(1)
    }
}

/* One row of a panel: width / LANES vectors of real parts, of imaginary parts, and of their sums. */
INLINE void NAME(pack3_row)(const REAL *from, Py_ssize_t step, int count, REAL sign, int width, REAL *to) {
    if (step == 1 && sign == 1)
        for (int c = 0; c < width; c += LANES) {
            V re, im;
            NAME(load)(from + 2 * c, MIN(LANES, count - c), &re, &im);
            const V sum = re + im;
            memcpy(to + c, &re, sizeof re), memcpy(to + width + c, &im, sizeof im);
            memcpy(to + 2 * width + c, &sum, sizeof sum);
        }
    else {
        for (int c = 0; c < count; c++) {
            const REAL re = from[2 * c * step], im = sign * from[2 * c * step + 1];
            to[c] = re, to[width + c] = im, to[2 * width + c] = re + im;
        }
        for (int c = count; c < width; c++) to[c] = to[width + c] = to[2 * width + c] = 0;
    }
}

TARGET static void NAME(pack3)(const REAL *b, const Shape *s, REAL *panels) {
    const REAL sign = s->adjoint_b ? -1 : 1;
    const Py_ssize_t step_i = s->adjoint_b ? 1 : s->columns, step_c = s->adjoint_b ? s->inner : 1;
    for (Py_ssize_t first = 0; first < s->columns; first += 2 * LANES) {
        const int count = (int)MIN(2 * LANES, s->columns - first), width = count > LANES ? 2 * LANES : LANES;
        for (Py_ssize_t i = 0; i < s->inner; i++, panels += 3 * width)
            NAME(pack3_row)(b + 2 * (i * step_i + first * step_c), step_c, count, sign, width, panels);
    }
}

/* The sum of the real and the imaginary part of every number, of its conjugate if a is conjugated. */
TARGET static void NAME(part_sums)(const REAL *a, Py_ssize_t count, int conjugate, REAL *out) {
    if (conjugate) for (Py_ssize_t k = 0; k < count; k++) out[k] = a[2 * k] - a[2 * k + 1];
    else for (Py_ssize_t k = 0; k < count; k++) out[k] = a[2 * k] + a[2 * k + 1];
}

TARGET static void NAME(conjugate)(const REAL *from, REAL *to, Py_ssize_t count) {
    for (Py_ssize_t k = 0; k < count; k++) to[2 * k] = from[2 * k], to[2 * k + 1] = -from[2 * k + 1];
}

TARGET static void NAME(expand)(const unsigned short *from, Py_ssize_t count, REAL *to) {
    for (Py_ssize_t k = 0; k < count; k++) {
        const union { unsigned bits; float number; } v = {(unsigned)from[k] << 16};
        to[k] = (REAL)v.number;
    }
}

typedef struct { const REAL *a, *b; REAL *out; const Shape *s; } NAME(channels_call);

/* The matrix product of one mode. */
static void NAME(channels_mode)(const NAME(channels_call) *call, Py_ssize_t mode, int three, V *panels, REAL *sums) {
    const Shape *s = call->s;
    const Py_ssize_t size = 2 * s->inner * s->columns;
    const REAL *a = call->a + 2 * mode * s->rows * s->inner, *b = call->b + mode * size;
    if (s->is_short) {
        REAL *expanded = sums + (three ? s->rows * s->inner : 0);
        NAME(expand)((const unsigned short *)call->b + mode * size, size, expanded);
        b = expanded;
    }
    REAL *out = call->out + 2 * mode * s->rows * s->columns;
    const Py_ssize_t width = 2 * (three ? LANES : PAIRS);
    if (three) {
        NAME(pack3)(b, s, (REAL *)panels);
        NAME(part_sums)(a, s->rows * s->inner, s->conjugate_a, sums);
    } else NAME(pack)(b, s, (REAL *)panels);
    for (Py_ssize_t c = 0; c < s->columns; c += width) {
        const int count = (int)MIN(width, s->columns - c);
        if (three) NAME(rows3)(a, sums, panels + 3 * (c / LANES) * s->inner, s, out + 2 * c, count);
        else NAME(rows)(a, panels + c / PAIRS * s->inner, s, out + 2 * c, count);
    }
}

static int NAME(channels_body)(void *context, Pieces *pieces) {
    const NAME(channels_call) *call = context;
    const Shape *s = call->s;
    const Py_ssize_t narrow = (s->columns + PAIRS - 1) / PAIRS, wide = (s->columns + LANES - 1) / LANES;
    const int three = 3 * wide < 2 * narrow;
    const Py_ssize_t size = s->rows * s->columns, lines = s->half_columns ? s->modes / s->half_columns : 0;
    const size_t vectors = s->inner * (three ? 3 * wide : narrow);
    Py_ssize_t first, last;
    V *panels = NULL;
    while (take(pieces, &first, &last)) {
        if (!panels)
            panels = allocate(sizeof(V) * vectors + sizeof(REAL) * ((three ? s->rows * s->inner : 0) +
                                                                    (s->is_short ? 2 * s->inner * s->columns : 0)));
        if (!panels) return 1;
        for (Py_ssize_t mode = first; mode < last; mode++) {
            /* In the first column, the modes of the lines before the middle mirror those after it. */
            const int mirrors = lines && mode % s->half_columns == 0;
            const Py_ssize_t line = mirrors ? mode / s->half_columns : 0, other = (lines - 1 - line) * s->half_columns;
            if (mirrors && line < lines / 2) continue;
            NAME(channels_mode)(call, mode, three, panels, (REAL *)(panels + vectors));
            if (mirrors && other != mode)
                NAME(conjugate)(call->out + 2 * mode * size, call->out + 2 * other * size, size);
        }
    }
    free(panels);
    return 0;
}

static int NAME(channels)(const void *a, const void *b, void *out, const Shape *s, int threads) {
    NAME(channels_call) call = {a, b, out, s};
    return share(NAME(channels_body), &call, s->modes, threads);
}
#undef PAIRS
#undef BLOCK_ROWS
#undef ALL_ROWS
#undef ALL_ROWS3
