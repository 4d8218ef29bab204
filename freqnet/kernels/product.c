/* The product of two real signals by their coefficients: c[k] = sum_j a[j] b[k - j].
 *
 * reference.py defines what this computes; here it is done with the sums kept in registers.
 * Arrays are half spectra, (z, y, x, lanes) complex and interleaved, modes centred, x >= 0; missing axes
 * have the band 0. A tile of lanes (one 64-byte vector of them) is unpacked into full spectra with real
 * and imaginary parts apart; then, for each output row and each block of 4 neighbouring outputs, the sum
 * runs over j with one new element of each operand a step: 16 vector multiply-adds for 4 loads.
 *
 * The file includes itself, once for float and once for double. */
#ifndef REAL

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(FREQNET_PORTABLE)
/* One binary, the fastest clone the machine can run chosen at load time. */
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
#define VECTOR_BYTES 64
#define MAX(p, q) ((p) > (q) ? (p) : (q))
#define MIN(p, q) ((p) < (q) ? (p) : (q))

typedef struct { int z, y, x; } Band;

#define REAL float
#define NAME(name) name##_f32
#include "product.c"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_f64
#include "product.c"

static PyObject *product(PyObject *self, PyObject *args) {
    Py_buffer a, b, c;
    Band m[3];
    Py_ssize_t lanes;
    int is_double, is_square, threads, failed;
    if (!PyArg_ParseTuple(args, "y*y*w*(iii)(iii)(iii)nppi", &a, &b, &c, &m[0].z, &m[0].y, &m[0].x, &m[1].z, &m[1].y,
                          &m[1].x, &m[2].z, &m[2].y, &m[2].x, &lanes, &is_double, &is_square, &threads))
        return NULL;
    const Py_ssize_t size = 2 * lanes * (is_double ? sizeof(double) : sizeof(float));
    const Py_buffer *buffers[3] = {&a, &b, &c};
    for (int i = failed = 0; i < 3; i++) {
        const Py_ssize_t modes = (Py_ssize_t)(2 * m[i].z + 1) * (2 * m[i].y + 1) * (m[i].x + 1);
        failed |= m[i].z < 0 || m[i].y < 0 || m[i].x < 0 || buffers[i]->len != modes * size;
    }
    if (failed) {
        PyErr_SetString(PyExc_ValueError, "product: an array's size does not fit its band and the lanes");
    } else {
        Py_BEGIN_ALLOW_THREADS
        failed = is_double ? multiply_f64(a.buf, b.buf, c.buf, m, lanes, is_square, threads)
                           : multiply_f32(a.buf, b.buf, c.buf, m, lanes, is_square, threads);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
    }
    PyBuffer_Release(&a), PyBuffer_Release(&b), PyBuffer_Release(&c);
    if (failed) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"product", product, METH_VARARGS,
     "product(a, b, out, band_a, band_b, kept, lanes, is_double, is_square, threads): see reference.py"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_product", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__product(void) { return PyModule_Create(&module); }

#else /* the body, for one precision */

#define LANES ((int)(VECTOR_BYTES / sizeof(REAL)))
typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
#define V NAME(vector)
typedef struct { V re[4], im[4]; } NAME(sums);

/* Load up to one vector of interleaved complex lanes; lanes that are not there are zero. */
INLINE void NAME(load)(const REAL *source, int count, V *re, V *im) {
    REAL *r = (REAL *)re, *i = (REAL *)im;
    if (count == LANES) {
        for (int l = 0; l < LANES; l++) r[l] = source[2 * l], i[l] = source[2 * l + 1];
    } else {
        for (int l = 0; l < LANES; l++) r[l] = l < count ? source[2 * l] : 0, i[l] = l < count ? source[2 * l + 1] : 0;
    }
}

INLINE void NAME(store)(REAL *target, int count, const V *re, const V *im) {
    const REAL *r = (const REAL *)re, *i = (const REAL *)im;
    for (int l = 0; l < count; l++) target[2 * l] = r[l], target[2 * l + 1] = i[l];
}

/* Unpack a tile into rows of full spectra: row (z, y) holds x = -low .. high, zero outside the band. */
INLINE void NAME(unpack)(const REAL *source, Band m, Py_ssize_t lanes, int count, int low, int high, V *re, V *im) {
    const int width = low + high + 1, ny = 2 * m.y + 1, rows = (2 * m.z + 1) * ny;
    memset(re, 0, sizeof(V) * rows * width);
    memset(im, 0, sizeof(V) * rows * width);
    for (int row = 0; row < rows; row++)
        for (int x = 0; x <= m.x; x++) {
            V r, i;
            NAME(load)(source + 2 * lanes * ((Py_ssize_t)row * (m.x + 1) + x), count, &r, &i);
            if (x <= high) re[row * width + low + x] = r, im[row * width + low + x] = i;
            /* The mirror image of (z, y) is the row counted from the other end. */
            if (x && x <= low) re[(rows - 1 - row) * width + low - x] = r, im[(rows - 1 - row) * width + low - x] = -i;
        }
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

/* All outputs of one tile. In a square, rows j and k - j give the same: each pair once, then doubled. */
CLONES static void NAME(tile)(const V *ar, const V *ai, int wa, const V *br, const V *bi, int wb, const Band *m,
                              REAL *out, Py_ssize_t lanes, int count, int is_square) {
    const Band a = m[0], b = m[1], c = m[2];
    const int ny_a = 2 * a.y + 1, ny_b = 2 * b.y + 1, low = a.x;
    for (int kz = -c.z; kz <= c.z; kz++)
        for (int ky = -c.y; ky <= c.y; ky++)
            for (int k = 0; k <= c.x; k += 4) {
                NAME(sums) s;
                memset(&s, 0, sizeof s);
                const int first = MAX(-a.x, k - b.x), last = MIN(a.x, k + 3 + b.x);
                for (int pass = 0; pass < 2; pass++) {
                    /* First all rows (of a square: the later of each pair), then a square's middle row. */
                    if (pass && !is_square) break;
                    if (pass)
                        for (int t = 0; t < 4; t++) s.re[t] += s.re[t], s.im[t] += s.im[t];
                    for (int z = MAX(-a.z, kz - b.z); z <= MIN(a.z, kz + b.z); z++)
                        for (int y = MAX(-a.y, ky - b.y); y <= MIN(a.y, ky + b.y); y++) {
                            const int order = 2 * z != kz ? 2 * z - kz : 2 * y - ky;
                            if (is_square && (pass ? order != 0 : order <= 0)) continue;
                            const int ra = ((z + a.z) * ny_a + y + a.y) * wa + low;
                            const int rb = ((kz - z + b.z) * ny_b + ky - y + b.y) * wb + low;
                            NAME(add_row)(ar + ra, ai + ra, br + rb, bi + rb, k, first, last, &s);
                        }
                }
                REAL *row = out + 2 * lanes * (((Py_ssize_t)(kz + c.z) * (2 * c.y + 1) + ky + c.y) * (c.x + 1) + k);
                for (int t = 0; t < 4 && k + t <= c.x; t++) NAME(store)(row + 2 * lanes * t, count, &s.re[t], &s.im[t]);
            }
}

static int NAME(multiply)(const REAL *a, const REAL *b, REAL *out, const Band *m, Py_ssize_t lanes, int is_square,
                          int threads) {
    /* b needs x = -a.x .. c.x + 3 + a.x: what any block of outputs can reach. */
    const int wa = 2 * m[0].x + 1, high = m[2].x + 6 + m[0].x, wb = m[0].x + high + 1;
    const size_t size_a = (size_t)(2 * m[0].z + 1) * (2 * m[0].y + 1) * wa;
    const size_t size_b = (size_t)(2 * m[1].z + 1) * (2 * m[1].y + 1) * wb;
    const Py_ssize_t tiles = (lanes + LANES - 1) / LANES;
    int failed = 0;
    (void)threads;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        V *scratch = aligned_alloc(VECTOR_BYTES, sizeof(V) * 2 * (size_a + size_b));
        if (!scratch) {
#pragma omp atomic write
            failed = 1;
        }
#pragma omp for schedule(static)
        for (Py_ssize_t t = 0; t < tiles; t++) {
            if (!scratch) continue;
            const Py_ssize_t start = t * LANES;
            const int count = (int)MIN(LANES, lanes - start);
            V *ar = scratch, *ai = ar + size_a, *br = ai + size_a, *bi = br + size_b;
            NAME(unpack)(a + 2 * start, m[0], lanes, count, m[0].x, m[0].x, ar, ai);
            NAME(unpack)(b + 2 * start, m[1], lanes, count, m[0].x, high, br, bi);
            NAME(tile)(ar, ai, wa, br, bi, wb, m, out + 2 * start, lanes, count, is_square);
        }
        free(scratch);
    }
    return failed;
}

#undef V
#undef LANES
#endif
