/* The product of two real signals from their coefficients: c[k] = sum_j a[j] b[k - j].
 *
 * Arrays are half spectra or Hartley spectra (layout.h); missing axes have the band 0. A tile, one vector of lanes,
 * is unpacked into full spectra with separate real and imaginary parts. For each block of 4 or 5 neighbouring outputs (in
 * two rows, if there are enough registers) the sums stay in registers while j runs over the narrower operand.
 *
 * Two notes on compilers: each multiply-add is a statement of its own, because s += g p - h q compiles to three
 * instructions instead of two. GCC's predictive commoning is off (setup.py), because it would keep elements of b
 * for the next step in registers that AVX2 does not have. */
#define LANES ((int)(VECTOR_BYTES / sizeof(REAL)))
typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
#define V NAME(vector)
/* Neighbouring outputs that are computed at a time, at most. */
#define WIDEST 5
typedef struct { V re[WIDEST], im[WIDEST]; } NAME(sums);
/* An unpacked operand: a row-major box of elements (z, y, x), x from -low on. Elements outside the band are zero:
 * they are cleared once, when the scratch memory is allocated, and no tile writes them. */
typedef struct { V *re, *im; int width, low; Band m; } NAME(operand);

static void NAME(clear_outside)(const NAME(operand) *o) {
    const int rows = (2 * o->m.z + 1) * (2 * o->m.y + 1), left = MAX(0, o->low - o->m.x), kept = o->low - left + o->m.x + 1;
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < 2; part++) {
            V *from = (part ? o->im : o->re) + row * o->width;
            memset(from, 0, sizeof(V) * left), memset(from + left + kept, 0, sizeof(V) * (o->width - left - kept));
        }
}

#include "layout.h"

/* Unpack rows first .. last - 1. The mirror image of a row is the row with the same number counted from the end. */
INLINE void NAME(unpack)(const REAL *source, Py_ssize_t lanes, int count, const NAME(operand) *o, int first, int last,
                         const int hartley) {
    const int width = o->width, low = o->low, columns = o->m.x + 1, rows = (2 * o->m.z + 1) * (2 * o->m.y + 1);
    for (int row = first; row < last; row++) {
        const int mirror = rows - 1 - row, here = row * width + low, there = mirror * width + low;
        for (int x = 0; x < columns; x++) {
            V r, i;
            NAME(load_mode)(source, lanes, count, o->m, row, x, hartley, &r, &i);
            o->re[here + x] = r, o->im[here + x] = i;
            if (x && x <= low) o->re[there - x] = r, o->im[there - x] = -i;
        }
        /* If the mirror row is unpacked later, load the elements that mirror it now. */
        for (int x = 1; mirror >= last && x <= MIN(low, o->m.x); x++) {
            V r, i;
            NAME(load_mode)(source, lanes, count, o->m, mirror, x, hartley, &r, &i);
            o->re[here - x] = r, o->im[here - x] = -i;
        }
    }
}

INLINE int NAME(row)(const NAME(operand) *o, int z, int y) {
    return ((z + o->m.z) * (2 * o->m.y + 1) + y + o->m.y) * o->width + o->low;
}

/* Add one term a[j] b[k - j] to the first `width` outputs; p and q point to b[k - j]. */
INLINE void NAME(add)(V g, V h, const V *p, const V *q, const int width, NAME(sums) *s) {
    for (int i = 0; i < width; i++) {
        s->re[i] += g * p[i], s->im[i] += g * q[i];
        s->re[i] -= h * q[i], s->im[i] += h * p[i];
    }
}

/* Add a[j] b[k - j] to s for the outputs k .. k + width - 1, where j runs over the row of a with its x = 0 at ra, and
 * k - j over the row of b at rb. Add the products with the next row of a to t, unless t is NULL. */
INLINE void NAME(add_rows)(const NAME(operand) *a, int ra, const NAME(operand) *b, int rb, int k, const int width,
                           NAME(sums) *s, NAME(sums) *t) {
    const int first = MAX(-a->m.x, k - b->m.x), last = MIN(a->m.x, k + width - 1 + b->m.x);
    const V *p = b->re + rb + k - first, *q = b->im + rb + k - first;
    const V *g = a->re + ra + first, *h = a->im + ra + first, *const end = a->re + ra + last;
    const int next = a->width;
#define STEP(WIDTH)                                                                                                   \
    do {                                                                                                              \
        NAME(add)(*g, *h, p, q, WIDTH, s);                                                                            \
        if (t) NAME(add)(g[next], h[next], p, q, WIDTH, t);                                                           \
        g++, h++, p--, q--;                                                                                           \
    } while (0)
    /* At the edge of b the first terms contribute to the first outputs only; a single row is not worth the branch. */
    if (t) switch (first - (k - b->m.x)) {
    case 0: if (width > 1 && g <= end) STEP(1); /* fall through */
    case 1: if (width > 2 && g <= end) STEP(2); /* fall through */
    case 2: if (width > 3 && g <= end) STEP(3); /* fall through */
    case 3: if (width > 4 && g <= end) STEP(4);
    }
    while (g <= end) STEP(width);
#undef STEP
}

/* Compute the outputs from (kz, ky, k) on, in out[0], and if two_rows also those one row below, in out[1]. Row y of
 * a multiplies row ky - y of b; for the outputs below, row y + 1 does. In a square, the modes j and k - j give
 * equal terms: each pair of rows is computed once and doubled, and a row that is its own partner is added last. */
INLINE void NAME(sum)(const NAME(operand) *a, const NAME(operand) *b, int kz, int ky, int k, const int is_square,
                      const int two_rows, const int width, NAME(sums) *out) {
    /* The compiler keeps local variables in registers. */
    NAME(sums) s = {0}, t = {0};
    const int top = ky - b->m.y, bottom = ky + b->m.y;
    for (int z = MAX(is_square ? (kz + 1) >> 1 : -a->m.z, kz - b->m.z); z <= MIN(a->m.z, kz + b->m.z); z++) {
        int from = MAX(-a->m.y, top), from_below = MAX(-a->m.y - 1, top);
        if (is_square && 2 * z == kz) from = MAX(from, (ky >> 1) + 1), from_below = MAX(from_below, (ky + 1) >> 1);
        const int to = MIN(a->m.y, bottom), to_below = MIN(a->m.y - 1, bottom);
        const int ra = NAME(row)(a, z, 0), rb = NAME(row)(b, kz - z, ky), wa = a->width, wb = b->width;
        if (!two_rows)
            for (int y = from; y <= to; y++) NAME(add_rows)(a, ra + y * wa, b, rb - y * wb, k, width, &s, NULL);
        else {
            if (from_below < MIN(from, to_below + 1))
                NAME(add_rows)(a, ra + (from_below + 1) * wa, b, rb - from_below * wb, k, width, &t, NULL);
            for (int y = from; y <= to_below; y++) NAME(add_rows)(a, ra + y * wa, b, rb - y * wb, k, width, &s, &t);
            if (MAX(from, to_below + 1) <= to) NAME(add_rows)(a, ra + to * wa, b, rb - to * wb, k, width, &s, NULL);
        }
    }
    for (int i = 0; is_square && i < width; i++)
        s.re[i] += s.re[i], s.im[i] += s.im[i], t.re[i] += t.re[i], t.im[i] += t.im[i];
    for (int i = 0; is_square && i <= two_rows; i++) {
        const int z = kz / 2, y = (ky + i) / 2;
        if (kz % 2 || (ky + i) % 2 || abs(z) > a->m.z || abs(y) > a->m.y) continue;
        NAME(add_rows)(a, NAME(row)(a, z, y), b, NAME(row)(b, z, y), k, width, i ? &t : &s, NULL);
    }
    out[0] = s;
    if (two_rows) out[1] = t;
}

/* One function per case, so that all arguments but the operands are constants. */
#define SUM(IS_SQUARE, TWO_ROWS, WIDTH)                                                                               \
    TARGET static void NAME(sum_##IS_SQUARE##TWO_ROWS##WIDTH)(const NAME(operand) *a, const NAME(operand) *b, int kz, \
                                                              int ky, int k, NAME(sums) *out) {                       \
        NAME(sum)(a, b, kz, ky, k, IS_SQUARE, TWO_ROWS, WIDTH, out);                                                  \
    }
#define SUMS(IS_SQUARE)                                                                                               \
    SUM(IS_SQUARE, 0, 4) SUM(IS_SQUARE, 0, 5) SUM(IS_SQUARE, 1, 1) SUM(IS_SQUARE, 1, 2) SUM(IS_SQUARE, 1, 3) SUM(IS_SQUARE, 1, 4)          \
        SUM(IS_SQUARE, 1, 5)
SUMS(0) SUMS(1)
/* By number of outputs per row: first for two rows, then for a single one, which computes at least 4, because fewer
 * independent sums would wait for each other. */
#define NAMES(IS_SQUARE)                                                                                              \
    {{NAME(sum_##IS_SQUARE##11), NAME(sum_##IS_SQUARE##12), NAME(sum_##IS_SQUARE##13), NAME(sum_##IS_SQUARE##14),     \
      NAME(sum_##IS_SQUARE##15)},                                                                                     \
     {NAME(sum_##IS_SQUARE##04), NAME(sum_##IS_SQUARE##04), NAME(sum_##IS_SQUARE##04), NAME(sum_##IS_SQUARE##04),     \
      NAME(sum_##IS_SQUARE##05)}}
static void (*const NAME(sum_of)[2][2][WIDEST])(const NAME(operand) *, const NAME(operand) *, int, int, int,
                                        NAME(sums) *) = {NAMES(0), NAMES(1)};
#undef SUM
#undef SUMS
#undef NAMES

typedef struct { V constant, linear, quadratic, mean, with_a, with_product; } NAME(ends);

/* Finish one output: add its inner product with b to the sums, then set it to constant + linear a + quadratic (a b). */
INLINE void NAME(finish)(const NAME(operand) *a, const NAME(operand) *b, int z, int y, int x, NAME(ends) *e, V *re,
                         V *im) {
    const int in_a = abs(z) <= a->m.z && abs(y) <= a->m.y && x <= a->m.x;
    const int in_b = abs(z) <= b->m.z && abs(y) <= b->m.y && x <= b->m.x;
    const V zero = {0};
    const V ar = in_a ? a->re[NAME(row)(a, z, y) + x] : zero, ai = in_a ? a->im[NAME(row)(a, z, y) + x] : zero;
    if (in_b) {
        /* Parseval: a mode with x > 0 counts twice, for its mirror image as well. */
        const V br = b->re[NAME(row)(b, z, y) + x], bi = b->im[NAME(row)(b, z, y) + x];
        const V one = ar * br + ai * bi, two = *re * br + *im * bi;
        e->with_a += x ? one + one : one, e->with_product += x ? two + two : two;
    }
    *re = e->quadratic * *re + e->linear * ar;
    *im = e->quadratic * *im + e->linear * ai;
    if (!z && !y && !x) e->mean = ar, *re += e->constant;
}

/* streams and hartley are constants in every call. */
INLINE void NAME(any_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                           NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                           const Epilogue *epilogue, const int streams, const int hartley) {
    const int count = (int)MIN(LANES, lanes - start), extended = epilogue->constant != NULL;
    NAME(ends) e = {0};
    if (extended) {
        e.constant = NAME(load_real)(epilogue->constant, start, count);
        e.linear = NAME(load_real)(epilogue->linear, start, count);
        e.quadratic = NAME(load_real)(epilogue->quadratic, start, count);
    }
    const int rows_a = (2 * a.m.z + 1) * (2 * a.m.y + 1), rows_b = (2 * b.m.z + 1) * (2 * b.m.y + 1);
    /* A half spectrum has two real numbers per lane. */
    const Py_ssize_t from = hartley ? start : 2 * start;
    int unpacked = 0;
    if (is_square)
        a = b;
    else
        NAME(unpack)(source_a + from, lanes, count, &a, 0, rows_a, hartley);
    const int more = start + LANES < lanes, all = (2 * c.z + 1) * (2 * c.y + 1);
    /* Two rows at a time need 22 vector registers: AVX-512 has 32, AVX2 has 16. */
    const int together = VECTOR_BYTES == 64 ? 2 : 1;
    for (int z = -c.z; z <= c.z; z++)
        for (int y = -c.y, rows; y <= c.y; y += rows) {
            rows = MIN(together, c.y - y + 1);
            const int now = (z + c.z) * (2 * c.y + 1) + y + c.y;
            for (int i = now; more && i < now + rows; i++) {
                NAME(prefetch)(source_b, b.m, lanes, start + LANES, i, all, hartley);
                if (!is_square) NAME(prefetch)(source_a, a.m, lanes, start + LANES, i, all, hartley);
            }
            /* Unpack rows of b when they are first needed, as long as that is less than half of them. */
            const int plane = MIN(z + a.m.z, b.m.z), line = MIN(y + rows - 1 + a.m.y, b.m.y);
            const int reach = (plane + b.m.z) * (2 * b.m.y + 1) + line + b.m.y + 1;
            const int needed = 2 * reach < rows_b ? reach : rows_b;
            if (unpacked < needed) NAME(unpack)(source_b + from, lanes, count, &b, unpacked, needed, hartley);
            unpacked = MAX(unpacked, needed);
            for (int x = 0, width; x <= c.x; x += width) {
                /* The last five outputs at once: a single one would cost as much as four. */
                width = c.x - x + 1 == WIDEST ? WIDEST : MIN(4, c.x - x + 1);
                NAME(sums) s[2];
                NAME(sum_of)[is_square][rows == 1][width - 1](&a, &b, z, y, x, s);
                for (int i = 0; i < rows; i++)
                    for (int t = 0; t < width; t++) {
                        if (extended) NAME(finish)(&a, &b, z, y + i, x + t, &e, &s[i].re[t], &s[i].im[t]);
                        NAME(store_mode)(out + from, lanes, count, c, now + i, x + t, hartley, &s[i].re[t],
                                         &s[i].im[t], streams);
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
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 0, 0);
}

TARGET static void NAME(hartley_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                                      NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                                      const Epilogue *epilogue) {
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 0, 1);
}

TARGET static void NAME(streamed_hartley_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                                               NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start,
                                               int is_square, const Epilogue *epilogue) {
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 1, 1);
}

TARGET static void NAME(streamed_tile)(const REAL *source_a, const REAL *source_b, REAL *out, NAME(operand) a,
                                       NAME(operand) b, Band c, Py_ssize_t lanes, Py_ssize_t start, int is_square,
                                       const Epilogue *epilogue) {
    NAME(any_tile)(source_a, source_b, out, a, b, c, lanes, start, is_square, epilogue, 1, 0);
}

/* Indexed by [hartley][streams]. */
static void (*const NAME(tile_of)[2][2])(const REAL *, const REAL *, REAL *, NAME(operand), NAME(operand), Band, Py_ssize_t,
                                         Py_ssize_t, int, const Epilogue *) = {
    {NAME(tile), NAME(streamed_tile)}, {NAME(hartley_tile), NAME(streamed_hartley_tile)}};

typedef struct {
    const REAL *a, *b;
    REAL *out;
    const Band *m;
    Py_ssize_t lanes;
    int is_square, hartley;
    const Epilogue *epilogue;
} NAME(product_call);

static int NAME(product_body)(void *context, Pieces *pieces) {
    const NAME(product_call) *p = context;
    const Band *m = p->m;
    /* Outputs have x >= 0, so the shorter band limits how far either operand is read at x < 0; a block of outputs
     * reads all but one of them beyond the band of b. */
    const int low_a = MIN(m[0].x, m[1].x), wa = low_a + m[0].x + 1;
    const int low_b = MIN(m[0].x, m[1].x + WIDEST - 1), wb = low_b + m[1].x + WIDEST;
    const size_t size_a = (size_t)(2 * m[0].z + 1) * (2 * m[0].y + 1) * wa;
    const size_t size_b = (size_t)(2 * m[1].z + 1) * (2 * m[1].y + 1) * wb;
    const size_t row = (p->hartley ? 1 : 2) * sizeof(REAL) * p->lanes;
    const size_t all = row * (2 * m[2].z + 1) * (2 * m[2].y + 1) * (p->hartley ? 2 * m[2].x + 1 : m[2].x + 1);
    const int streams = all > LARGE && row % CACHE_LINE == 0 && (size_t)p->out % CACHE_LINE == 0;
    Py_ssize_t first, last;
    const size_t bytes = sizeof(V) * 2 * (size_a + size_b);
    V *scratch = NULL;
    while (take(pieces, &first, &last)) {
        V *const memory = scratch ? scratch : allocate(bytes);
        if (!memory) return 1;
        const NAME(operand) a = {memory, memory + size_a, wa, low_a, m[0]};
        const NAME(operand) b = {memory + 2 * size_a, memory + 2 * size_a + size_b, wb, low_b, m[1]};
        if (!scratch) NAME(clear_outside)(&a), NAME(clear_outside)(&b);
        scratch = memory;
        for (Py_ssize_t t = first; t < last; t++)
            NAME(tile_of)[p->hartley][streams && (t + 1) * LANES <= p->lanes](
                p->a, p->b, p->out, a, b, m[2], p->lanes, t * LANES, p->is_square, p->epilogue);
    }
#ifdef STREAM
    __asm__ volatile("sfence" ::: "memory");
#endif
    free(scratch);
    return 0;
}

static int NAME(product)(const void *a, const void *b, void *out, const Band *m, Py_ssize_t lanes, int is_square,
                         int hartley, const Epilogue *epilogue, int threads) {
    NAME(product_call) call = {a, b, out, m, lanes, is_square, hartley, epilogue};
    return share(NAME(product_body), &call, (lanes + LANES - 1) / LANES, threads);
}
