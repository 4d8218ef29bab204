/* The transform at the door: for every sample and channel, subtract the offset, then one matrix product per axis, from
 * the last axis, which turns real numbers into complex ones, to the first. */
/* matrices[axis] is (samples, modes) for the last axis, and (modes, samples) for the others; complex, interleaved. */
typedef struct {
    const REAL *samples, *offset, *factor, *matrices[3];
    REAL *out;
    const Door *d;
} NAME(door_call);

/* out[r, c] = sum_i a[r, i] b[i, c] for real a and complex b, both contiguous. */
TARGET static void NAME(real_by_complex)(const REAL *a, const REAL *b, REAL *out, Py_ssize_t rows, Py_ssize_t inner,
                                         Py_ssize_t columns) {
    memset(out, 0, sizeof(REAL) * 2 * rows * columns);
    for (Py_ssize_t r = 0; r < rows; r++)
        for (Py_ssize_t i = 0; i < inner; i++) {
            const REAL x = a[r * inner + i];
            for (Py_ssize_t c = 0; c < 2 * columns; c++) out[2 * r * columns + c] += x * b[2 * i * columns + c];
        }
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

static int NAME(door_body)(void *context, Pieces *pieces) {
    const NAME(door_call) *call = context;
    const Door *d = call->d;
    Py_ssize_t points = 1, kept = 1, widest = 1;
    for (int i = 0; i < d->ndim; i++) points *= d->grid[i], kept *= d->modes[i], widest = MAX(widest, d->grid[i]);
    const Py_ssize_t last = d->ndim - 1, rows = points / d->grid[last];
    /* Every intermediate result has at most MAX(grid, modes) entries per axis. */
    Py_ssize_t most = 1;
    for (int i = 0; i < d->ndim; i++) most *= i == last ? d->modes[i] : MAX(d->grid[i], d->modes[i]);
    const size_t plane = points + 2 * most;
    const size_t panel = 2 * (size_t)widest * (most + 2 * LANES);
    Py_ssize_t first, end;
    REAL *scratch = NULL;
    while (take(pieces, &first, &end)) {
        if (!scratch) scratch = allocate(sizeof(REAL) * (plane + 2 * most + panel + 64));
        if (!scratch) return 1;
        V *panels = (V *)scratch;
        REAL *centred = scratch + (panel + 15) / 16 * 16, *a = centred + (points + 15) / 16 * 16, *b = a + 2 * most;
        for (Py_ssize_t at = first; at < end; at++) {
            const Py_ssize_t sample = at / d->channels, channel = at % d->channels;
            const REAL *source = call->samples + sample * points * d->channels + channel;
            const REAL offset = call->offset[channel], factor = call->factor[channel];
            for (Py_ssize_t i = 0; i < points; i++) centred[i] = source[i * d->channels] - offset;
            NAME(real_by_complex)(centred, call->matrices[last], a, rows, d->grid[last], d->modes[last]);
            const REAL *found = NAME(other_axes)(call, a, b, panels);
            const Py_ssize_t lanes = d->batch * d->channels;
            for (Py_ssize_t k = 0; k < kept; k++) {
                call->out[2 * (k * lanes + at)] = factor * found[2 * k];
                call->out[2 * (k * lanes + at) + 1] = factor * found[2 * k + 1];
            }
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
