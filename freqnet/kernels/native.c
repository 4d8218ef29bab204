/* The Python interface of the kernels in C; reference.py defines what they compute.
 *
 * The bodies (product.h, channels.h, nodes.h and others) are compiled once per precision and instruction set, with
 * vectors as wide as its registers. On import the widest set that the machine supports is chosen. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define MAX(p, q) ((p) > (q) ? (p) : (q))
#define MIN(p, q) ((p) < (q) ? (p) : (q))
#define CACHE_LINE 64
/* Results of more bytes than this do not fit into the caches beside their operands. */
#define LARGE (4u << 20)

typedef struct { int z, y, x; } Band;

/* The epilogue of a product: out = constant + linear a + quadratic (a b), with one of each coefficient per lane. */
typedef struct { const void *constant, *linear, *quadratic; void *sums; } Epilogue;

/* One matrix product per mode, (rows, inner) by (inner, columns); the strides of a count complex numbers. Unless
 * half_columns is 0, the modes are those of half spectra of real signals with so many columns. If is_short, b is stored
 * in bfloat16, the upper half of a float. */
typedef struct {
    Py_ssize_t modes, rows, inner, columns, row_stride, inner_stride;
    int conjugate_a, adjoint_b;
    Py_ssize_t half_columns;
    int is_short;
} Shape;

/* Samples (batch, *grid, channels) and the modes of each axis; the last number of modes counts those with k >= 0. */
typedef struct {
    int ndim;
    Py_ssize_t grid[3], modes[3], batch, channels;
} Door;

/* Real matrix products for n[0] by n[1] pairs of matrices: see gemm.h. Steps and strides count numbers. */
typedef struct {
    Py_ssize_t n[2], a_step[2], b_step[2], out_step[2], rows, inner, columns, a_row, a_inner, b_inner, b_column, planes,
        b_plane, out_row;
    int sum, packed;
} Gemm;

/* Sizes of the bilinear forms of two axes (outputs, inputs, others): see nodes.h. */
typedef struct { Py_ssize_t outputs[2], inputs[2], others[2]; } Forms;

typedef struct {
    int (*product)(const void *, const void *, void *, const Band *, Py_ssize_t, int, int, const Epilogue *, int);
    int (*channels)(const void *, const void *, void *, const Shape *, int);
    int (*pairs)(const void *, const void *, void *, const Shape *, int);
    int (*inner)(const void *, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int);
    int (*combine)(const void *, const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t, int);
    int (*door)(const void *, const void *, const void *, const void *const *, void *, const Door *, int);
    int (*gemm)(const void *, const void *, const void *, void *, const Gemm *, int);
    int (*response)(const void *, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, int);
    void (*moments)(const void *, int, const void *, void *, Py_ssize_t, Py_ssize_t);
    void (*compose)(const void *, const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t, int, int,
                    double);
    void (*compose_adjoint)(const void *, const void *, const void *, const void *, const void *, void *, void *, void *,
                            void *, void *, Py_ssize_t, Py_ssize_t, int, int, double);
    void (*softmax)(const void *, const void *, void *, void *, Py_ssize_t, Py_ssize_t);
    void (*scatter)(const void *, void *, const long long *, const void *, Py_ssize_t, Py_ssize_t, int, int);
    void (*column_sums)(const void *, void *, Py_ssize_t, Py_ssize_t);
    void (*running)(void *, void *, const void *, Py_ssize_t, double);
    void (*plus_row)(const void *, const void *, void *, Py_ssize_t, Py_ssize_t);
    void (*planes)(const void *, void *, void *, const void *, Py_ssize_t, Py_ssize_t);
    void (*interleave)(const void *, void *, Py_ssize_t, Py_ssize_t);
    int (*accumulate)(void *, const void *, Py_ssize_t, int);
    int (*relu)(const void *const *, void *const *, Py_ssize_t, Py_ssize_t, int, int, int, int, double, double, int);
    void (*adam)(void *, void *, void *, Py_ssize_t, double, double, double, double);
    void (*extremes)(const void *, void *, void *, void *, Py_ssize_t, Py_ssize_t);
    int (*bilinear)(const void *, const void *, const void *, const void *, void *, const Forms *, Py_ssize_t, int, int);
    int (*node_combine)(const void *const *, void *, Py_ssize_t, Py_ssize_t, int);
    int (*node_sums)(const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t, int);
    int (*matrices)(const void *, const void *, const void *, void *, const Py_ssize_t *, const Py_ssize_t *, Py_ssize_t,
                    int);
} Kernels;

/* aligned_alloc requires a multiple of the alignment. */
static void *allocate(size_t bytes) { return aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE); }

#include "pool.h"

/* STREAM stores past the caches; KEEP holds a value in a register, where a compiler would load it for each use. Clang
 * takes wide vectors in assembler only if the whole file is compiled for them. */
#ifdef __clang__
#define STREAM_BY(constraint, target, v) __builtin_nontemporal_store(v, (V *)(target))
#define KEEP_IN(constraint, v)
#else
#define STREAM_BY(constraint, target, v) __asm__ volatile("vmovntps %1, %0" : "=m"(*(V *)(target)) : constraint(v))
#define KEEP_IN(constraint, v) __asm__("" : "+" constraint(v))
#endif
#if defined(__x86_64__) && !defined(FREQNET_PORTABLE)
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")))
#define VECTOR_BYTES 64
#define STREAM(target, v) STREAM_BY("v", target, v)
#define KEEP(v) KEEP_IN("v", v)
#define SET(name) name##_avx512
#define TABLE avx512
#include "precisions.h"
#undef TARGET
#undef VECTOR_BYTES
#undef STREAM
#undef KEEP
#undef SET
#undef TABLE
#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR_BYTES 32
#define STREAM(target, v) STREAM_BY("x", target, v)
#define KEEP(v) KEEP_IN("x", v)
#define SET(name) name##_avx2
#define TABLE avx2
#include "precisions.h"
#undef TARGET
#undef VECTOR_BYTES
#undef STREAM
#undef KEEP
#undef SET
#undef TABLE
#endif
#define TARGET
#define KEEP(v)
#define VECTOR_BYTES 16
#define SET(name) name##_baseline
#define TABLE baseline
#include "precisions.h"

static const Kernels *chosen = baseline;
static const char *instruction_set = "baseline";

static void choose(void) {
#if defined(__x86_64__) && !defined(FREQNET_PORTABLE)
    const char *most = getenv("FREQNET_INSTRUCTIONS");
    /* Other names are ignored. */
    const int any = !most || (strcmp(most, "avx512") && strcmp(most, "avx2") && strcmp(most, "baseline"));
    __builtin_cpu_init();
    const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    if (has_avx512 && (any || !strcmp(most, "avx512")))
        chosen = avx512, instruction_set = "avx512";
    else if (has_avx2 && (any || !strcmp(most, "avx512") || !strcmp(most, "avx2")))
        chosen = avx2, instruction_set = "avx2";
#endif
}

/* Run a kernel without the GIL; set MemoryError if it failed. */
#define RUN(call)                                                                                                     \
    int failed;                                                                                                       \
    Py_BEGIN_ALLOW_THREADS failed = call;                                                                             \
    Py_END_ALLOW_THREADS if (failed) PyErr_NoMemory();

static int fits(const Py_buffer *buffer, Py_ssize_t numbers, int is_double) {
    if (buffer->len == numbers * (Py_ssize_t)(is_double ? sizeof(double) : sizeof(float))) return 1;
    PyErr_SetString(PyExc_ValueError, "kernel: an array's size does not fit its band, channels and lanes");
    return 0;
}

/* Real numbers per lane: two per mode of a half spectrum, one per mode of a Hartley spectrum. */
static Py_ssize_t numbers_of(Band m, int hartley) {
    if (m.z < 0 || m.y < 0 || m.x < 0) return -1;
    return (Py_ssize_t)(2 * m.z + 1) * (2 * m.y + 1) * (hartley ? 2 * m.x + 1 : 2 * (m.x + 1));
}

/* Release the buffers (a missing optional one has no object) and return None, or NULL if an error is set. */
static PyObject *finish(Py_buffer *buffers, int count) {
    for (int i = 0; i < count; i++)
        if (buffers[i].obj) PyBuffer_Release(&buffers[i]);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *product(PyObject *self, PyObject *args) {
    enum { A, B, OUT, CONSTANT, LINEAR, QUADRATIC, SUMS, COUNT };
    Py_buffer v[COUNT] = {0};
    Band m[3];
    Py_ssize_t lanes;
    int is_double, is_square, hartley, threads;
    if (!PyArg_ParseTuple(args, "y*y*w*z*z*z*z*(iii)(iii)(iii)npppi", &v[A], &v[B], &v[OUT], &v[CONSTANT], &v[LINEAR],
                          &v[QUADRATIC], &v[SUMS], &m[0].z, &m[0].y, &m[0].x, &m[1].z, &m[1].y, &m[1].x, &m[2].z,
                          &m[2].y, &m[2].x, &lanes, &is_double, &is_square, &hartley, &threads))
        return NULL;
    int good = 1;
    for (int i = A; good && i <= OUT; i++) good = fits(&v[i], lanes * numbers_of(m[i], hartley), is_double);
    for (int i = CONSTANT; good && i < SUMS; i++) good = !v[CONSTANT].buf || fits(&v[i], lanes, is_double);
    if (good && v[SUMS].buf) good = fits(&v[SUMS], 3 * lanes, is_double);
    if (good) {
        const Epilogue e = {v[CONSTANT].buf, v[LINEAR].buf, v[QUADRATIC].buf, v[SUMS].buf};
        RUN(chosen[is_double].product(v[A].buf, v[B].buf, v[OUT].buf, m, lanes, is_square, hartley, &e, threads))
    }
    return finish(v, COUNT);
}

static PyObject *channels(PyObject *self, PyObject *args) {
    enum { A, B, OUT, COUNT };
    Py_buffer v[COUNT] = {0};
    Shape s = {0};
    int is_double, hartley, threads;
    if (!PyArg_ParseTuple(args, "y*y*w*nnnnnnppppi", &v[A], &v[B], &v[OUT], &s.modes, &s.rows, &s.inner, &s.columns,
                          &s.row_stride, &s.inner_stride, &s.conjugate_a, &s.adjoint_b, &is_double, &hartley, &threads))
        return NULL;
    const Py_ssize_t numbers = (hartley ? 1 : 2) * s.modes;
    if (fits(&v[A], numbers * s.rows * s.inner, is_double) && fits(&v[B], numbers * s.inner * s.columns, is_double) &&
        fits(&v[OUT], numbers * s.rows * s.columns, is_double)) {
        const Kernels *kernels = &chosen[is_double];
        RUN((hartley ? kernels->pairs : kernels->channels)(v[A].buf, v[B].buf, v[OUT].buf, &s, threads))
    }
    return finish(v, COUNT);
}

static PyObject *inner(PyObject *self, PyObject *args) {
    enum { A, B, OUT, COUNT };
    Py_buffer v[COUNT] = {0};
    Py_ssize_t rows, columns, lanes;
    int is_double, threads;
    if (!PyArg_ParseTuple(args, "y*y*w*nnnpi", &v[A], &v[B], &v[OUT], &rows, &columns, &lanes, &is_double, &threads))
        return NULL;
    if (fits(&v[A], 2 * rows * columns * lanes, is_double) && fits(&v[B], 2 * rows * columns * lanes, is_double) &&
        fits(&v[OUT], lanes, is_double)) {
        RUN(chosen[is_double].inner(v[A].buf, v[B].buf, v[OUT].buf, rows, columns, lanes, threads))
    }
    return finish(v, COUNT);
}

static PyObject *combine(PyObject *self, PyObject *args) {
    enum { A, B, P, Q, OUT, COUNT };
    Py_buffer v[COUNT] = {0};
    Py_ssize_t modes, lanes;
    int is_double, threads;
    if (!PyArg_ParseTuple(args, "y*z*y*z*w*nnpi", &v[A], &v[B], &v[P], &v[Q], &v[OUT], &modes, &lanes, &is_double,
                          &threads))
        return NULL;
    if (fits(&v[A], 2 * modes * lanes, is_double) && fits(&v[OUT], 2 * modes * lanes, is_double) &&
        fits(&v[P], lanes, is_double) &&
        (!v[B].buf || (fits(&v[B], 2 * modes * lanes, is_double) && fits(&v[Q], lanes, is_double)))) {
        RUN(chosen[is_double].combine(v[A].buf, v[B].buf, v[P].buf, v[Q].buf, v[OUT].buf, modes, lanes, threads))
    }
    return finish(v, COUNT);
}

static PyObject *bilinear(PyObject *self, PyObject *args) {
    enum { FIRST, SECOND, A, B, OUT, COUNT };
    Py_buffer v[COUNT] = {0};
    Forms f;
    Py_ssize_t lanes;
    int is_double, is_square, threads;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*(nnn)(nnn)nppi", &v[FIRST], &v[SECOND], &v[A], &v[B], &v[OUT],
                          &f.outputs[0], &f.inputs[0], &f.others[0], &f.outputs[1], &f.inputs[1], &f.others[1], &lanes,
                          &is_double, &is_square, &threads))
        return NULL;
    int good = 1;
    for (int i = 0; good && i < 2; i++) good = fits(&v[i], f.outputs[i] * f.inputs[i] * f.others[i], is_double);
    const Py_ssize_t *nodes[] = {f.inputs, f.others, f.outputs};
    for (int i = 0; good && i < 3; i++) good = fits(&v[A + i], nodes[i][0] * nodes[i][1] * lanes, is_double);
    if (good) {
        RUN(chosen[is_double].bilinear(v[FIRST].buf, v[SECOND].buf, v[A].buf, v[B].buf, v[OUT].buf, &f, lanes,
                                       is_square, threads))
    }
    return finish(v, COUNT);
}

#include "program.h"
#include "vectors.h"

static PyMethodDef methods[] = {
    {"product", product, METH_VARARGS,
     "product(a, b, out, constant, linear, quadratic, sums, band_a, band_b, kept, lanes, is_double, is_square, hartley, "
     "threads)"},
    {"channels", channels, METH_VARARGS,
     "channels(a, b, out, modes, rows, inner, columns, row_stride, inner_stride, conjugate_a, adjoint_b, is_double, "
     "hartley, threads)"},
    {"inner", inner, METH_VARARGS, "inner(a, b, out, rows, columns, lanes, is_double, threads)"},
    {"run", run, METH_VARARGS, 
     "run(program, is_double, source=None, target=None, in_place=False): rows of WORDS words, each one kernel call"},
    {"run_if_usual", run_if_usual, METH_VARARGS,
     "run_if_usual(program, is_double, source, target, in_place, limits, result): whether it is finite"},
    {"gather", gather_arrays, METH_VARARGS, "gather(arrays, vector, is_double): the sum of squares"},
    {"scale", scale_vector, METH_VARARGS, "scale(vector, factor, is_double)"},
    {"adam", adam, METH_VARARGS, "adam(work, gradient_sum, square_sum, first, second, shift, scale, is_double)"},
    {"extremes", extremes, METH_VARARGS, "extremes(values, low, high, is_double)"},
    {"spread", spread_vector, METH_VARARGS, "spread(vector, arrays, factor, scaled, is_double)"},
    {"bilinear", bilinear, METH_VARARGS,
     "bilinear(first, second, a, b, out, sizes_first, sizes_second, lanes, is_double, is_square, threads)"},
    {"combine", combine, METH_VARARGS, "combine(a, b, p, q, out, modes, lanes, is_double, threads)"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) {
    PyObject *made = PyModule_Create(&module);
    choose();
    pthread_atfork(NULL, NULL, forget_threads);
    if (made) PyModule_AddStringConstant(made, "instruction_set", instruction_set);
    return made;
}
