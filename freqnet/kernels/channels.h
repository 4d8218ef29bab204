/* Products over channels: for every mode, out[r, c] = sum_i a[r, i] b[i, c], complex and interleaved.
 *
 * b is packed with its columns padded to whole vectors. A block of 4 rows by 2 vectors of columns keeps its
 * sums in registers, apart for the real and the imaginary part of a: both are broadcast, so a step takes no
 * shuffle, and the two sums meet once, at the end. */
#define PAIRS (LANES / 2)
#define BLOCK_ROWS 4

/* Add ROWS x 2 vectors of sums over i; panel is b's two vectors of columns, i by i. */
#define ADD_ROWS(ROWS)                                                                                                \
    for (Py_ssize_t i = 0; i < s->inner; i++) {                                                                       \
        const V b0 = panel[2 * i], b1 = panel[2 * i + 1];                                                             \
        for (int r = 0; r < ROWS; r++) {                                                                              \
            const REAL *p = a + 2 * (r * s->row_stride + i * s->inner_stride);                                        \
            real[r][0] += p[0] * b0, real[r][1] += p[0] * b1;                                                         \
            imag[r][0] += p[1] * b0, imag[r][1] += p[1] * b1;                                                         \
        }                                                                                                             \
    }

TARGET static void NAME(block)(const REAL *a, const V *panel, const Shape *s, int rows, REAL *out, int columns) {
    V real[BLOCK_ROWS][2], imag[BLOCK_ROWS][2];
    memset(real, 0, sizeof real);
    memset(imag, 0, sizeof imag);
    if (rows == BLOCK_ROWS) {
        ADD_ROWS(BLOCK_ROWS)
    } else {
        ADD_ROWS(rows)
    }
    const REAL sign = s->conjugate_a ? -1 : 1;
    for (int r = 0; r < rows; r++) {
        const REAL *re = (const REAL *)real[r], *im = (const REAL *)imag[r];
        REAL *o = out + 2 * r * s->columns;
        for (int c = 0; c < columns; c++) {
            o[2 * c] = re[2 * c] - sign * im[2 * c + 1];
            o[2 * c + 1] = re[2 * c + 1] + sign * im[2 * c];
        }
    }
}

/* Copy b into panels of 2 vectors of columns; of the adjoint, b is stored (columns, inner) and conjugated. */
TARGET static void NAME(pack)(const REAL *b, const Shape *s, REAL *panels) {
    const int width = 2 * PAIRS;
    const REAL sign = s->adjoint_b ? -1 : 1;
    const Py_ssize_t step_i = s->adjoint_b ? 1 : s->columns, step_c = s->adjoint_b ? s->inner : 1;
    for (Py_ssize_t first = 0; first < s->columns; first += width)
        for (Py_ssize_t i = 0; i < s->inner; i++, panels += 2 * width) {
            const int count = (int)MIN(width, s->columns - first);
            const REAL *from = b + 2 * (i * step_i + first * step_c);
            for (int c = 0; c < count; c++)
                panels[2 * c] = from[2 * c * step_c], panels[2 * c + 1] = sign * from[2 * c * step_c + 1];
            for (int c = 2 * count; c < 2 * width; c++) panels[c] = 0;
        }
}

static int NAME(channels)(const void *a, const void *b, void *out, const Shape *s, int threads) {
    const int width = 2 * PAIRS;
    const Py_ssize_t count = (s->columns + width - 1) / width, panel = 2 * s->inner;
    int failed = 0;
    (void)threads;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        V *panels = allocate(sizeof(V) * panel * count);
        if (!panels) {
#pragma omp atomic write
            failed = 1;
        }
#pragma omp for schedule(static)
        for (Py_ssize_t mode = 0; mode < s->modes; mode++) {
            if (!panels) continue;
            const REAL *am = (const REAL *)a + 2 * mode * s->rows * s->inner;
            REAL *om = (REAL *)out + 2 * mode * s->rows * s->columns;
            NAME(pack)((const REAL *)b + 2 * mode * s->inner * s->columns, s, (REAL *)panels);
            for (Py_ssize_t p = 0; p < count; p++)
                for (Py_ssize_t r = 0; r < s->rows; r += BLOCK_ROWS)
                    NAME(block)(am + 2 * r * s->row_stride, panels + p * panel, s, (int)MIN(BLOCK_ROWS, s->rows - r),
                                om + 2 * (r * s->columns + p * width), (int)MIN(width, s->columns - p * width));
        }
        free(panels);
    }
    return failed;
}
#undef PAIRS
#undef BLOCK_ROWS
#undef ADD_ROWS
