/* The product of two real signals by their coefficients: c[k] = sum_j a[j] b[k - j].
 *
 * Arrays are half spectra, (z, y, x, lanes) complex and interleaved, modes centred, x >= 0; missing axes
 * have the band 0. A tile of lanes (one vector of them) is unpacked into full spectra with real and
 * imaginary parts apart; then, for each output row and each block of 4 neighbouring outputs, the sum runs
 * over j with one new element of each operand a step: 16 vector multiply-adds for 4 loads. */
#define LANES ((int)(VECTOR_BYTES / sizeof(REAL)))
typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
#define V NAME(vector)
typedef struct { V re[4], im[4]; } NAME(sums);
/* An unpacked operand: element (z, y, x) of a row-major box, x from -low on. What lies outside the band was set
 * to zero once, when the scratch was made: every tile writes the same places. */
typedef struct { V *re, *im; int width, low; Band m; } NAME(operand);

/* Load up to one vector of interleaved complex lanes; lanes that are not there are zero. */
INLINE void NAME(load)(const REAL *source, int count, V *re, V *im) {
    REAL *r = (REAL *)re, *i = (REAL *)im;
    if (count == LANES) {
        for (int l = 0; l < LANES; l++) r[l] = source[2 * l], i[l] = source[2 * l + 1];
    } else {
        for (int l = 0; l < LANES; l++) r[l] = l < count ? source[2 * l] : 0, i[l] = l < count ? source[2 * l + 1] : 0;
    }
}

/* Store one vector of interleaved complex lanes. A result larger than the caches is streamed past them: to bring its
 * lines in first, only to overwrite them, would be a third of all traffic. */
INLINE void NAME(store)(REAL *target, int count, const V *re, const V *im, int streams) {
    const REAL *r = (const REAL *)re, *i = (const REAL *)im;
#ifdef STREAM
    if (streams) {
        V pairs[2];
        REAL *p = (REAL *)pairs;
        for (int l = 0; l < LANES; l++) p[2 * l] = r[l], p[2 * l + 1] = i[l];
        STREAM(target, pairs[0]);
        STREAM(target + LANES, pairs[1]);
        return;
    }
#endif
    for (int l = 0; l < count; l++) target[2 * l] = r[l], target[2 * l + 1] = i[l];
}

INLINE V NAME(load_real)(const void *source, Py_ssize_t start, int count) {
    V v;
    REAL *r = (REAL *)&v;
    for (int l = 0; l < LANES; l++) r[l] = l < count ? ((const REAL *)source)[start + l] : 0;
    return v;
}

INLINE void NAME(unpack)(const REAL *source, Py_ssize_t lanes, int count, const NAME(operand) *o) {
    const Band m = o->m;
    const int width = o->width, low = o->low, rows = (2 * m.z + 1) * (2 * m.y + 1);
    for (int row = 0; row < rows; row++)
        for (int x = 0; x <= m.x; x++) {
            /* The mirror image of (z, y) is the row counted from the other end. */
            const int here = row * width + low + x, there = (rows - 1 - row) * width + low - x;
            V r, i;
            NAME(load)(source + 2 * lanes * ((Py_ssize_t)row * (m.x + 1) + x), count, &r, &i);
            o->re[here] = r, o->im[here] = i;
            if (x) o->re[there] = r, o->im[there] = -i;
        }
}

/* Fetch the share of rows that falls to output row `now` of `all`. A tile's numbers lie far apart, one or two
 * cache lines a mode: left to the machine they would be waited for. */
INLINE void NAME(prefetch)(const REAL *source, Band m, Py_ssize_t lanes, int now, int all) {
    const int rows = (2 * m.z + 1) * (2 * m.y + 1);
    for (int at = rows * now / all * (m.x + 1); at < rows * (now + 1) / all * (m.x + 1); at++)
        for (int byte = 0; byte < 2 * VECTOR_BYTES; byte += CACHE_LINE)
            __builtin_prefetch((const char *)(source + 2 * lanes * at) + byte);
}

INLINE int NAME(row)(const NAME(operand) *o, int z, int y) {
    return ((z + o->m.z) * (2 * o->m.y + 1) + y + o->m.y) * o->width + o->low;
}

/* Add a[j] b[k - j] along one row for the four outputs k .. k + 3; a and b point at x = 0. */
INLINE void NAME(add_row)(const V *ar, const V *ai, const V *br, const V *bi, int k, int first, int last,
                          NAME(sums) *s) {
    const V *p = br + k - first, *q = bi + k - first;
    V p1 = p[1], q1 = q[1], p2 = p[2], q2 = q[2], p3 = p[3], q3 = q[3];
    for (int j = first; j <= last; j++, p--, q--) {
        const V g = ar[j], h = ai[j], p0 = *p, q0 = *q;
        s->re[0] += g * p0 - h * q0, s->im[0] += g * q0 + h * p0;
        s->re[1] += g * p1 - h * q1, s->im[1] += g * q1 + h * p1;
        s->re[2] += g * p2 - h * q2, s->im[2] += g * q2 + h * p2;
        s->re[3] += g * p3 - h * q3, s->im[3] += g * q3 + h * p3;
        p3 = p2, q3 = q2, p2 = p1, q2 = q1, p1 = p0, q1 = q0;
    }
}

/* The same for two rows of outputs, whose rows of a lie next to each other: b is loaded once for both. */
INLINE void NAME(add_rows)(const V *ar, const V *ai, int next, const V *br, const V *bi, int k, int first, int last,
                           NAME(sums) *s, NAME(sums) *t) {
    const V *p = br + k - first, *q = bi + k - first;
    V p1 = p[1], q1 = q[1], p2 = p[2], q2 = q[2], p3 = p[3], q3 = q[3];
    for (int j = first; j <= last; j++, p--, q--) {
        const V g = ar[j], h = ai[j], u = ar[next + j], v = ai[next + j], p0 = *p, q0 = *q;
        s->re[0] += g * p0 - h * q0, s->im[0] += g * q0 + h * p0;
        t->re[0] += u * p0 - v * q0, t->im[0] += u * q0 + v * p0;
        s->re[1] += g * p1 - h * q1, s->im[1] += g * q1 + h * p1;
        t->re[1] += u * p1 - v * q1, t->im[1] += u * q1 + v * p1;
        s->re[2] += g * p2 - h * q2, s->im[2] += g * q2 + h * p2;
        t->re[2] += u * p2 - v * q2, t->im[2] += u * q2 + v * p2;
        s->re[3] += g * p3 - h * q3, s->im[3] += g * q3 + h * p3;
        t->re[3] += u * p3 - v * q3, t->im[3] += u * q3 + v * p3;
        p3 = p2, q3 = q2, p2 = p1, q2 = q1, p1 = p0, q1 = q0;
    }
}

/* The sums of four outputs in row ky (s) and of the four below (t), for operands that differ. */
INLINE void NAME(sum_two)(const NAME(operand) *a, const NAME(operand) *b, int kz, int ky, int k, NAME(sums) *s,
                          NAME(sums) *t) {
    const int first = MAX(-a->m.x, k - b->m.x), last = MIN(a->m.x, k + 3 + b->m.x);
    for (int i = 0; i < 4; i++) s->re[i] = s->im[i] = t->re[i] = t->im[i] = (V){0};
    for (int z = MAX(-a->m.z, kz - b->m.z); z <= MIN(a->m.z, kz + b->m.z); z++)
        /* Row y of a meets row ky - y of b, and its row y + 1 does for the outputs below. */
        for (int y = MAX(-a->m.y - 1, ky - b->m.y); y <= MIN(a->m.y, ky + b->m.y); y++) {
            const int rb = NAME(row)(b, kz - z, ky - y), ra = NAME(row)(a, z, MAX(y, -a->m.y));
            if (y < -a->m.y) NAME(add_row)(a->re + ra, a->im + ra, b->re + rb, b->im + rb, k, first, last, t);
            else if (y == a->m.y) NAME(add_row)(a->re + ra, a->im + ra, b->re + rb, b->im + rb, k, first, last, s);
            else NAME(add_rows)(a->re + ra, a->im + ra, a->width, b->re + rb, b->im + rb, k, first, last, s, t);
        }
}

/* The sums of four outputs. In a square, rows j and k - j give the same: each pair once, then doubled. */
INLINE void NAME(sum)(const NAME(operand) *a, const NAME(operand) *b, int kz, int ky, int k, int is_square,
                      NAME(sums) *s) {
    const int first = MAX(-a->m.x, k - b->m.x), last = MIN(a->m.x, k + 3 + b->m.x);
    for (int t = 0; t < 4; t++) s->re[t] = s->im[t] = (V){0};
    for (int pass = 0; pass <= is_square; pass++) {
        /* First all rows (of a square: the later of each pair), then a square's middle row. */
        if (pass)
            for (int t = 0; t < 4; t++) s->re[t] += s->re[t], s->im[t] += s->im[t];
        for (int z = MAX(-a->m.z, kz - b->m.z); z <= MIN(a->m.z, kz + b->m.z); z++)
            for (int y = MAX(-a->m.y, ky - b->m.y); y <= MIN(a->m.y, ky + b->m.y); y++) {
                const int order = 2 * z != kz ? 2 * z - kz : 2 * y - ky;
                if (is_square && (pass ? order != 0 : order <= 0)) continue;
                const int ra = NAME(row)(a, z, y), rb = NAME(row)(b, kz - z, ky - y);
                NAME(add_row)(a->re + ra, a->im + ra, b->re + rb, b->im + rb, k, first, last, s);
            }
    }
}

typedef struct { V constant, linear, quadratic, mean, with_a, with_product; } NAME(ends);

/* One output: add its inner products with b to the sums, then out = constant + linear a + quadratic (a b). */
INLINE void NAME(finish)(const NAME(operand) *a, const NAME(operand) *b, int z, int y, int x, NAME(ends) *e, V *re,
                         V *im) {
    const int in_a = abs(z) <= a->m.z && abs(y) <= a->m.y && x <= a->m.x;
    const int in_b = abs(z) <= b->m.z && abs(y) <= b->m.y && x <= b->m.x;
    const V zero = {0}, ar = in_a ? a->re[NAME(row)(a, z, y) + x] : zero, ai = in_a ? a->im[NAME(row)(a, z, y) + x] : zero;
    if (in_b) {
        /* Parseval: a mode with x > 0 stands for its mirror image too. */
        const V br = b->re[NAME(row)(b, z, y) + x], bi = b->im[NAME(row)(b, z, y) + x];
        const V one = ar * br + ai * bi, two = *re * br + *im * bi;
        e->with_a += x ? one + one : one, e->with_product += x ? two + two : two;
    }
    *re = e->quadratic * *re + e->linear * ar;
    *im = e->quadratic * *im + e->linear * ai;
    if (!z && !y && !x) e->mean = ar, *re += e->constant;
}

/* streams is a constant wherever this is called. */
INLINE void NAME(any_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                           NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                           const Epilogue *epilogue, const int streams) {
    const int count = (int)MIN(LANES, lanes - start), extended = epilogue->constant != NULL;
    NAME(ends) e = {0};
    if (extended) {
        e.constant = NAME(load_real)(epilogue->constant, start, count);
        e.linear = NAME(load_real)(epilogue->linear, start, count);
        e.quadratic = NAME(load_real)(epilogue->quadratic, start, count);
    }
    NAME(unpack)(source_b + 2 * start, lanes, count, &b);
    if (is_square)
        a = b;
    else
        NAME(unpack)(source_a + 2 * start, lanes, count, &a);
    const int more = start + LANES < lanes, all = (2 * c.z + 1) * (2 * c.y + 1);
    /* Two rows at a time keep 28 vectors in use: where there are registers for them. */
    const int together = VECTOR_BYTES == 64 && !is_square ? 2 : 1;
    for (int z = -c.z; z <= c.z; z++)
        for (int y = -c.y, rows; y <= c.y; y += rows) {
            rows = MIN(together, c.y - y + 1);
            const int now = (z + c.z) * (2 * c.y + 1) + y + c.y;
            for (int i = now; more && i < now + rows; i++) {
                NAME(prefetch)(source_b + 2 * (start + LANES), b.m, lanes, i, all);
                if (!is_square) NAME(prefetch)(source_a + 2 * (start + LANES), a.m, lanes, i, all);
            }
            REAL *row = out + 2 * (lanes * (Py_ssize_t)now * (c.x + 1) + start);
            for (int x = 0; x <= c.x; x += 4) {
                NAME(sums) s[2];
                if (rows == 2)
                    NAME(sum_two)(&a, &b, z, y, x, &s[0], &s[1]);
                else
                    NAME(sum)(&a, &b, z, y, x, is_square, &s[0]);
                for (int i = 0; i < rows; i++)
                    for (int t = 0; t < 4 && x + t <= c.x; t++) {
                        if (extended) NAME(finish)(&a, &b, z, y + i, x + t, &e, &s[i].re[t], &s[i].im[t]);
                        NAME(store)(row + 2 * lanes * (i * (c.x + 1) + x + t), count, &s[i].re[t], &s[i].im[t], streams);
                    }
            }
        }
    if (epilogue->sums) {
        REAL *sums = (REAL *)epilogue->sums + start;
        for (int l = 0; l < count; l++)
            sums[l] = e.mean[l], sums[lanes + l] = e.with_a[l], sums[2 * lanes + l] = e.with_product[l];
    }
}

TARGET static void NAME(tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                              NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                              const Epilogue *epilogue) {
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 0);
}

TARGET static void NAME(streamed_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                                       NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                                       const Epilogue *epilogue) {
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 1);
}

typedef struct {
    const REAL *a, *b;
    REAL *out;
    const Band *m;
    Py_ssize_t lanes;
    int is_square;
    const Epilogue *epilogue;
} NAME(product_call);

static int NAME(product_body)(void *context, Pieces *pieces) {
    const NAME(product_call) *p = context;
    const Band *m = p->m;
    /* A block of 4 outputs reaches 3 modes beyond b's band, on either side. */
    const int wa = 2 * m[0].x + 1, wb = 2 * m[1].x + 7;
    const size_t size_a = (size_t)(2 * m[0].z + 1) * (2 * m[0].y + 1) * wa;
    const size_t size_b = (size_t)(2 * m[1].z + 1) * (2 * m[1].y + 1) * wb;
    const size_t row = 2 * sizeof(REAL) * p->lanes, all = row * (2 * m[2].z + 1) * (2 * m[2].y + 1) * (m[2].x + 1);
    const int streams = all > LARGE && row % CACHE_LINE == 0 && (size_t)p->out % CACHE_LINE == 0;
    Py_ssize_t first, last;
    const size_t bytes = sizeof(V) * 2 * (size_a + size_b);
    V *scratch = NULL;
    while (take(pieces, &first, &last)) {
        if (!scratch) {
            if (!(scratch = allocate(bytes))) return 1;
            memset(scratch, 0, bytes);
        }
        const NAME(operand) a = {scratch, scratch + size_a, wa, m[0].x, m[0]};
        const NAME(operand) b = {scratch + 2 * size_a, scratch + 2 * size_a + size_b, wb, m[1].x + 3, m[1]};
        for (Py_ssize_t t = first; t < last; t++)
            if (streams && (t + 1) * LANES <= p->lanes)
                NAME(streamed_tile)(p->a, p->b, p->out, a, b, m[2], p->lanes, t * LANES, p->is_square, p->epilogue);
            else
                NAME(tile)(p->a, p->b, p->out, a, b, m[2], p->lanes, t * LANES, p->is_square, p->epilogue);
    }
#ifdef STREAM
    __asm__ volatile("sfence" ::: "memory");
#endif
    free(scratch);
    return 0;
}

static int NAME(product)(const void *a, const void *b, void *out, const Band *m, Py_ssize_t lanes, int is_square,
                         const Epilogue *epilogue, int threads) {
    NAME(product_call) call = {a, b, out, m, lanes, is_square, epilogue};
    return share(NAME(product_body), &call, (lanes + LANES - 1) / LANES, threads);
}
