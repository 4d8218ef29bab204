/* The transform at the door: for every sample and channel, subtract the offset, then one matrix product per axis, from
 * the last axis, which turns real numbers into complex ones, to the first. */
/* matrices[axis] is (samples, modes) for the last axis, and (modes, samples) for the others; complex, interleaved. */
typedef struct {
    const REAL *samples, *offset, *factor, *matrices[3];
    REAL *out;
    const Door *d;
} NAME(door_call);

/* The last axis: out[r, c] = sum_i samples[r, i] matrix[i, c], real times complex, with the matrix in panels. */
TARGET static void NAME(last_axis)(const REAL *samples, const REAL *panels, const Gemm *g, REAL *out) {
    for (Py_ssize_t c = 0; c < g->columns; c += LANES, panels += g->inner * LANES)
        for (Py_ssize_t r = 0; r < g->rows; r += GEMM_ROWS) {
            const int rows = (int)MIN(GEMM_ROWS, g->rows - r);
            V sums[GEMM_ROWS] = {{0}};
            NAME(gemm_sums)(samples + r * g->a_row, panels, g, rows, sums);
            NAME(gemm_store)(sums, out + r * g->out_row, g, rows, c);
        }
}

/* One channel of one sample less its offset. */
TARGET static void NAME(centre_samples)(const REAL *source, REAL offset, Py_ssize_t points, Py_ssize_t channels, REAL *out) {
    if (channels == 1) for (Py_ssize_t i = 0; i < points; i++) out[i] = source[i] - offset;
    else for (Py_ssize_t i = 0; i < points; i++) out[i] = source[i * channels] - offset;
}

/* The axes before the last, one after the other; returns the buffer with the result. */
TARGET static REAL *NAME(other_axes)(const NAME(door_call) *call, REAL *from, REAL *to, V *panels) {
    const Door *d = call->d;
    Py_ssize_t after = d->modes[d->ndim - 1];
    for (int axis = d->ndim - 2; axis >= 0; axis--) {
        Py_ssize_t before = 1;
        for (int i = 0; i < axis; i++) before *= d->grid[i];
        const Shape s = {1, d->modes[axis], d->grid[axis], after, d->grid[axis], 1, 0, 0};
        for (Py_ssize_t o = 0; o < before; o++) {
            NAME(pack)(from + 2 * o * d->grid[axis] * after, &s, (REAL *)panels);
            for (Py_ssize_t c = 0; c < after; c += LANES)
                NAME(rows)(call->matrices[axis], panels + c / (LANES / 2) * s.inner, &s,
                           to + 2 * (o * d->modes[axis] * after + c), (int)MIN(LANES, after - c));
        }
        REAL *swap = from;
        from = to, to = swap;
        after *= d->modes[axis];
    }
    return from;
}

/* Signals whose results are stored together: each mode of them lies in a cache line of its own. */
#define AT_A_TIME ((int)(CACHE_LINE / (2 * sizeof(REAL))))
static int NAME(door_body)(void *context, Pieces *pieces) {
    const NAME(door_call) *call = context;
    const Door *d = call->d;
    Py_ssize_t points = 1, kept = 1, widest = 1;
    for (int i = 0; i < d->ndim; i++) points *= d->grid[i], kept *= d->modes[i], widest = MAX(widest, d->grid[i]);
    const Py_ssize_t last = d->ndim - 1, rows = points / d->grid[last];
    /* Every intermediate result has at most MAX(grid, modes) entries per axis. */
    Py_ssize_t most = 1;
    for (int i = 0; i < d->ndim; i++) most *= i == last ? d->modes[i] : MAX(d->grid[i], d->modes[i]);
    const Gemm g = {.rows = rows, .inner = d->grid[last], .columns = 2 * d->modes[last], .a_row = d->grid[last],
                    .a_inner = 1, .b_inner = 2 * d->modes[last], .b_column = 1, .planes = 1,
                    .out_row = 2 * d->modes[last]};
    const size_t panel = 2 * (size_t)widest * (most + 2 * LANES);
    const size_t of_last = (g.columns + LANES - 1) / LANES * LANES * g.inner, centred_size = (points + 15) / 16 * 16;
    const size_t results_size = 2 * AT_A_TIME * (size_t)kept;
    Py_ssize_t first, end;
    REAL *scratch = NULL;
    while (take(pieces, &first, &end)) {
        REAL *const matrix = scratch ? scratch : allocate(sizeof(REAL) * (of_last + panel + centred_size + 4 * most + results_size + 64));
        if (!matrix) return 1;
        if (!scratch) NAME(gemm_pack)(call->matrices[last], &g, matrix);
        scratch = matrix;
        V *panels = (V *)(scratch + of_last);
        REAL *centred = scratch + of_last + (panel + 15) / 16 * 16, *a = centred + centred_size, *b = a + 2 * most, *results = b + 2 * most;
        const Py_ssize_t lanes = d->batch * d->channels;
        for (Py_ssize_t start = first; start < end; start += AT_A_TIME) {
            const int count = (int)MIN(AT_A_TIME, end - start);
            for (int j = 0; j < count; j++) {
                const Py_ssize_t sample = (start + j) / d->channels, channel = (start + j) % d->channels;
                const REAL factor = call->factor[channel];
                NAME(centre_samples)(call->samples + sample * points * d->channels + channel, call->offset[channel],
                                     points, d->channels, centred);
                NAME(last_axis)(centred, matrix, &g, a);
                const REAL *found = NAME(other_axes)(call, a, b, panels);
                for (Py_ssize_t k = 0; k < kept; k++) {
                    results[2 * (k * AT_A_TIME + j)] = factor * found[2 * k];
                    results[2 * (k * AT_A_TIME + j) + 1] = factor * found[2 * k + 1];
                }
            }
            for (Py_ssize_t k = 0; k < kept; k++)
                memcpy(call->out + 2 * (k * lanes + start), results + 2 * k * AT_A_TIME, 2 * sizeof(REAL) * count);
        }
    }
    free(scratch);
    return 0;
}

static int NAME(door)(const void *samples, const void *offset, const void *factor, const void *const *matrices,
                      void *out, const Door *d, int threads) {
    NAME(door_call) call = {samples, offset, factor, {matrices[0], matrices[1], matrices[2]}, out, d};
    return share(NAME(door_body), &call, d->batch * d->channels, threads);
}
#undef AT_A_TIME
