/* A program: kernel calls in a row, without Python in between. Each is a row of WORDS numbers: the operation, addresses
 * of arrays, sizes. Python builds programs (freqnet/kernels/program.py), which checks all sizes. */
#define WORDS 32

enum { OP_PRODUCT, OP_CHANNELS, OP_COMBINE, OP_ADD_MEAN, OP_BOX, OP_GEMM, OP_DOOR, OP_INNER, OP_MOMENTS, OP_COMPOSE,
       OP_COMPOSE_ADJOINT, OP_RESPONSE, OP_SOFTMAX, OP_SCATTER, OP_COLUMN_SUMS, OP_RUNNING, OP_ZERO, OP_GATHER, OP_RELU, OP_SUM, OP_ADD_ROWS, OP_PLANES, OP_INTERLEAVE,
       OP_BILINEAR, OP_NODE_COMBINE, OP_NODE_SUMS, OP_MATRICES };
typedef long long Word;

static void *at(Word address) { return (void *)(size_t)address; }

/* target[z, y, :count] = source[z, y, :count], in bytes; the words are counts, then strides. */
static void copy_box(const char *source, char *target, const Word *w) {
    for (Word z = 0; z < w[0]; z++)
        for (Word y = 0; y < w[1]; y++) memcpy(target + z * w[5] + y * w[6], source + z * w[3] + y * w[4], w[2]);
}

/* Add one number per lane, or one per channel, to the mean: to the real parts, or to all numbers of a Hartley spectrum. */
static void add_mean(void *target, const void *values, Word lanes, Word count, int hartley, int is_double) {
    for (Word start = 0; start < lanes; start += count)
        for (Word l = 0; l < count; l++)
            if (is_double) ((double *)target)[(hartley ? 1 : 2) * (start + l)] += ((const double *)values)[l];
            else ((float *)target)[(hartley ? 1 : 2) * (start + l)] += ((const float *)values)[l];
}

/* target[mode, i] = source[mode, index[i]]; the words are modes, batch, and the bytes of a row and of a mode. */
static void gather(const char *source, char *target, const long long *index, const Word *w) {
    for (Word mode = 0; mode < w[0]; mode++)
        for (Word i = 0; i < w[1]; i++, target += w[2]) memcpy(target, source + mode * w[3] + index[i] * w[2], w[2]);
}

/* A double in the place of a whole number. */
static double number(Word word) {
    double out;
    memcpy(&out, &word, sizeof out);
    return out;
}

static int step(const Kernels *k, const Word *w, int is_double) {
    const Word op = *w++;
    switch (op) {
    case OP_PRODUCT: {
        const Epilogue e = {at(w[3]), at(w[4]), at(w[5]), at(w[6])};
        const Band m[3] = {{(int)w[7], (int)w[8], (int)w[9]}, {(int)w[10], (int)w[11], (int)w[12]},
                           {(int)w[13], (int)w[14], (int)w[15]}};
        return k->product(at(w[0]), at(w[1]), at(w[2]), m, w[16], (int)w[17], (int)w[18], &e, (int)w[19]);
    }
    case OP_CHANNELS: {
        const Shape s = {w[3], w[4], w[5], w[6], w[7], w[8], (int)w[9], (int)w[10], w[13], (int)w[14]};
        return (w[11] ? k->pairs : k->channels)(at(w[0]), at(w[1]), at(w[2]), &s, (int)w[12]);
    }
    case OP_COMBINE: return k->combine(at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), w[5], w[6], (int)w[7]);
    case OP_ADD_MEAN: add_mean(at(w[0]), at(w[1]), w[2], w[3], (int)w[4], is_double); return 0;
    case OP_BOX: copy_box(at(w[0]), at(w[1]), w + 2); return 0;
    case OP_GEMM: {
        const Gemm g = {{w[4], w[5]}, {w[6], w[7]}, {w[8], w[9]}, {w[10], w[11]}, w[12], w[13], w[14], w[15], w[16],
                        w[17], w[18], w[19], w[20], w[21], (int)w[22], (int)w[23]};
        return k->gemm(at(w[0]), at(w[1]), at(w[2]), at(w[3]), &g, (int)w[24]);
    }
    case OP_INNER: return k->inner(at(w[0]), at(w[1]), at(w[2]), w[3], w[4], w[5], (int)w[6]);
    case OP_MOMENTS: k->moments(at(w[0]), (int)w[1], at(w[2]), at(w[3]), w[4], w[5]); return 0;
    case OP_COMPOSE:
        k->compose(at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), w[5], w[6], (int)w[7], (int)w[8], number(w[9]));
        return 0;
    case OP_COMPOSE_ADJOINT:
        k->compose_adjoint(at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), at(w[5]), at(w[6]), at(w[7]), at(w[8]),
                           at(w[9]), w[10], w[11], (int)w[12], (int)w[13], number(w[14]));
        return 0;
    case OP_RESPONSE: return k->response(at(w[0]), at(w[1]), at(w[2]), w[3], w[4], w[5], (int)w[6], (int)w[7]);
    case OP_SOFTMAX: k->softmax(at(w[0]), at(w[1]), at(w[2]), at(w[3]), w[4], w[5]); return 0;
    case OP_SCATTER: k->scatter(at(w[0]), at(w[1]), at(w[2]), at(w[3]), w[4], w[5], (int)w[6], (int)w[7]); return 0;
    case OP_COLUMN_SUMS: k->column_sums(at(w[0]), at(w[1]), w[2], w[3]); return 0;
    case OP_RUNNING: k->running(at(w[0]), at(w[1]), at(w[2]), w[3], number(w[4])); return 0;
    case OP_RELU: {
        const void *from[6] = {at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), at(w[5])};
        void *to[7] = {at(w[6]), at(w[7]), at(w[8]), at(w[9]), at(w[10]), at(w[11]), at(w[12])};
        return k->relu(from, to, w[13], w[14], (int)w[15], (int)w[16], (int)w[17], (int)w[18], number(w[19]),
                       number(w[20]), (int)w[21]);
    }
    case OP_SUM: return k->accumulate(at(w[0]), at(w[1]), w[2], (int)w[3]);
    case OP_ADD_ROWS: k->plus_row(at(w[0]), at(w[1]), at(w[2]), w[3], w[4]); return 0;
    case OP_PLANES: k->planes(at(w[0]), at(w[1]), at(w[2]), at(w[3]), w[4], w[5]); return 0;
    case OP_INTERLEAVE: k->interleave(at(w[0]), at(w[1]), w[2], w[3]); return 0;
    case OP_BILINEAR: {
        const Forms f = {{w[5], w[8]}, {w[6], w[9]}, {w[7], w[10]}};
        return k->bilinear(at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), &f, w[11], (int)w[12], (int)w[13]);
    }
    case OP_MATRICES: {
        const Py_ssize_t inputs[2] = {w[4], w[6]}, outputs[2] = {w[5], w[7]};
        return k->matrices(at(w[0]), at(w[1]), at(w[2]), at(w[3]), inputs, outputs, w[8], (int)w[9]);
    }
    case OP_NODE_COMBINE: {
        const void *arrays[6] = {at(w[0]), at(w[1]), at(w[2]), at(w[3]), at(w[4]), at(w[5])};
        return k->node_combine(arrays, at(w[6]), w[7], w[8], (int)w[9]);
    }
    case OP_NODE_SUMS: return k->node_sums(at(w[0]), at(w[1]), at(w[2]), at(w[3]), w[4], w[5], (int)w[6]);
    case OP_ZERO: memset(at(w[0]), 0, w[1]); return 0;
    case OP_GATHER: gather(at(w[0]), at(w[1]), at(w[2]), w + 3); return 0;
    case OP_DOOR: {
        const Door d = {(int)w[7], {w[8], w[9], w[10]}, {w[11], w[12], w[13]}, w[14], w[15]};
        const void *matrices[3] = {at(w[3]), at(w[4]), at(w[5])};
        return k->door(at(w[0]), at(w[1]), at(w[2]), matrices, at(w[6]), &d, (int)w[16]);
    }
    }
    return 1;
}

/* Whether two arrays have the same size and format. */
static int same_form(const Py_buffer *a, const Py_buffer *b) {
    if (a->len == b->len && !strcmp(a->format, b->format)) return 1;
    PyErr_SetString(PyExc_ValueError, "source and target do not fit");
    return 0;
}

/* A program with the array that it starts from, as Python passes them. */
typedef struct { Py_buffer program, from, to; int is_double, in_place; } Call;

static void release_call(Call *c) {
    if (c->from.obj) PyBuffer_Release(&c->from);
    if (c->to.obj) PyBuffer_Release(&c->to);
    PyBuffer_Release(&c->program);
}

/* 0 after an error; the program is held in any case. */
static int hold_call(Call *c, PyObject *source, PyObject *target) {
    if (source == Py_None) return 1;
    if (PyObject_GetBuffer(source, &c->from, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return 0;
    if (PyObject_GetBuffer(target, &c->to, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)) return 0;
    return same_form(&c->from, &c->to);
}

/* Make all calls. If there is a source, the first call reads it in place of the target, or, unless `in_place`, the source
 * is copied to the target first. Nonzero if memory runs out. */
static int run_calls(const Call *c) {
    const Word *words = c->program.buf;
    const Py_ssize_t count = c->program.len / (Py_ssize_t)(WORDS * sizeof(Word));
    /* A source may lie anywhere. */
    const int in_place = c->in_place && (size_t)c->from.buf % sizeof(double) == 0;
    int failed = 0;
    Word first[WORDS];
    if (c->to.obj && !in_place) memcpy(c->to.buf, c->from.buf, c->from.len);
    for (Py_ssize_t i = 0; i < count && !failed; i++) {
        const Word *row = words + i * WORDS;
        if (c->to.obj && in_place && !i) memcpy(first, row, sizeof first), first[1] = (Word)(size_t)c->from.buf, row = first;
        failed = step(&chosen[c->is_double], row, c->is_double);
    }
    return failed;
}

static PyObject *run(PyObject *self, PyObject *args) {
    Call c = {0};
    PyObject *source = Py_None, *target = Py_None;
    int failed = 0;
    if (!PyArg_ParseTuple(args, "y*p|OOp", &c.program, &c.is_double, &source, &target, &c.in_place)) return NULL;
    if (hold_call(&c, source, target)) {
        Py_BEGIN_ALLOW_THREADS
        failed = run_calls(&c);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
    }
    release_call(&c);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static double number_at(const void *values, Py_ssize_t i, int is_double) {
    return is_double ? ((const double *)values)[i] : (double)((const float *)values)[i];
}

/* Whether values are finite and within the limits: a lowest and a highest per channel, and the least spread of values
 * that are not all equal. Nonzero in `failed` if memory runs out. */
static int are_usual(const Py_buffer *values, const Py_buffer *limits, int is_double, int *failed) {
    const Py_ssize_t width = is_double ? sizeof(double) : sizeof(float), channels = (limits->len / 8 - 1) / 2;
    const double *least = limits->buf, *most = least + channels;
    double lowest = INFINITY, highest = -INFINITY;
    if (channels < 1 || values->len % (width * channels) || !values->len) return 0;
    char *low = allocate((2 + 3 * 16) * channels * sizeof(double)), *high = low + channels * sizeof(double);
    if (!low) return *failed = 1, 0;
    chosen[is_double].extremes(values->buf, low, high, high + channels * sizeof(double), values->len / width / channels,
                               channels);
    int usual = 1;
    for (Py_ssize_t c = 0; c < channels; c++) {
        const double from = number_at(low, c, is_double), to = number_at(high, c, is_double);
        usual = usual && isfinite(from) && from >= least[c] && to <= most[c];
        lowest = MIN(lowest, from), highest = MAX(highest, to);
    }
    free(low);
    return usual && !(highest > lowest && highest - lowest < most[channels]);
}

/* run_if_usual(program, is_double, source, target, in_place, limits, result): True if the source was usual and the
 * result is finite; else nobody may read the result. */
static PyObject *run_if_usual(PyObject *self, PyObject *args) {
    Call c = {0};
    PyObject *source, *target;
    Py_buffer limits, result;
    int failed = 0, usual = 0;
    if (!PyArg_ParseTuple(args, "y*pOOpy*y*", &c.program, &c.is_double, &source, &target, &c.in_place, &limits, &result))
        return NULL;
    if (hold_call(&c, source, target)) {
        Py_BEGIN_ALLOW_THREADS
        usual = are_usual(&c.from, &limits, c.is_double, &failed);
        if (usual) failed = run_calls(&c);
        const Py_ssize_t count = result.len / (Py_ssize_t)(c.is_double ? sizeof(double) : sizeof(float));
        for (Py_ssize_t i = 0; usual && i < count; i++) usual = isfinite(number_at(result.buf, i, c.is_double));
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
    }
    release_call(&c);
    PyBuffer_Release(&limits), PyBuffer_Release(&result);
    if (PyErr_Occurred()) return NULL;
    return PyBool_FromLong(usual);
}
