/* Arrays end to end in one vector, as optimisers use them. Each call is one piece of work for Python: an interrupt comes
 * before it or after it. */

/* The buffer of an array of a list, which holds `count` numbers if count is not negative; NULL after an error. */
static void *array_at(PyObject *list, Py_ssize_t i, Py_ssize_t left, int is_double, int flags, Py_buffer *view) {
    PyObject *array = PyList_GetItem(list, i);
    if (!array || PyObject_GetBuffer(array, view, flags | PyBUF_FORMAT)) return NULL;
    const Py_ssize_t width = is_double ? sizeof(double) : sizeof(float);
    /* Numbers of another kind or byte order may have the same width. */
    if (!strcmp(view->format, is_double ? "d" : "f") && view->len <= left * width) return view->buf;
    PyBuffer_Release(view);
    PyErr_SetString(PyExc_ValueError, "the arrays and the vector do not fit");
    return NULL;
}

/* gather(arrays, vector): copy, and return the sum of squares in double precision. */
static PyObject *gather_arrays(PyObject *self, PyObject *args) {
    PyObject *arrays;
    Py_buffer vector, view;
    int is_double;
    double total = 0;
    if (!PyArg_ParseTuple(args, "O!w*p", &PyList_Type, &arrays, &vector, &is_double)) return NULL;
    const Py_ssize_t width = is_double ? sizeof(double) : sizeof(float);
    Py_ssize_t done = 0, left = vector.len / width;
    for (Py_ssize_t i = 0; i < PyList_Size(arrays); i++) {
        const void *from = array_at(arrays, i, left - done, is_double, PyBUF_C_CONTIGUOUS, &view);
        if (!from) break;
        const Py_ssize_t count = view.len / width;
        memcpy((char *)vector.buf + done * width, from, view.len);
        if (is_double) for (Py_ssize_t k = 0; k < count; k++) total += ((const double *)from)[k] * ((const double *)from)[k];
        else {
            /* Eight sums, in a fixed order, wait less for each other. */
            double sums[8] = {0};
            for (Py_ssize_t k = 0; k < count; k++) {
                const double x = ((const float *)from)[k];
                sums[k % 8] += x * x;
            }
            for (int k = 0; k < 8; k++) total += sums[k];
        }
        done += count;
        PyBuffer_Release(&view);
    }
    PyBuffer_Release(&vector);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(total);
}

/* spread(vector, arrays, factor, scaled): arrays[i] = arrays[i] + its part of the vector, with factor arrays[i] for
 * arrays[i] where scaled[i]; nothing changes after an error. */
static PyObject *spread_vector(PyObject *self, PyObject *args) {
    PyObject *arrays;
    Py_buffer vector, scaled;
    double common;
    int is_double;
    if (!PyArg_ParseTuple(args, "y*O!dy*p", &vector, &PyList_Type, &arrays, &common, &scaled, &is_double)) return NULL;
    const Py_ssize_t width = is_double ? sizeof(double) : sizeof(float), n = PyList_Size(arrays);
    Py_buffer *views = calloc(n + 1, sizeof *views);
    Py_ssize_t held = 0, left = vector.len / width;
    const char *part = vector.buf;
    if (!views) PyErr_NoMemory();
    if (scaled.len < n) PyErr_SetString(PyExc_ValueError, "one number of `scaled` per array");
    for (; views && held < n; held++) {
        if (!array_at(arrays, held, left, is_double, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE, &views[held])) break;
        left -= views[held].len / width;
    }
    for (Py_ssize_t i = 0; i < held && !PyErr_Occurred(); part += views[i++].len) {
        const double factor = ((const char *)scaled.buf)[i] ? common : 1;
        const Py_ssize_t count = views[i].len / width;
        if (is_double)
            for (Py_ssize_t k = 0; k < count; k++)
                ((double *)views[i].buf)[k] = factor * ((double *)views[i].buf)[k] + ((const double *)part)[k];
        else
            for (Py_ssize_t k = 0; k < count; k++)
                ((float *)views[i].buf)[k] = (float)factor * ((float *)views[i].buf)[k] + ((const float *)part)[k];
    }
    for (Py_ssize_t i = 0; i < held; i++) PyBuffer_Release(&views[i]);
    free(views);
    PyBuffer_Release(&vector), PyBuffer_Release(&scaled);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* scale(vector, factor): in double precision, because the factor can be below the smallest float. */
static PyObject *scale_vector(PyObject *self, PyObject *args) {
    Py_buffer vector;
    double factor;
    int is_double;
    if (!PyArg_ParseTuple(args, "w*dp", &vector, &factor, &is_double)) return NULL;
    const Py_ssize_t count = vector.len / (Py_ssize_t)(is_double ? sizeof(double) : sizeof(float));
    if (is_double) for (Py_ssize_t k = 0; k < count; k++) ((double *)vector.buf)[k] *= factor;
    else for (Py_ssize_t k = 0; k < count; k++) ((float *)vector.buf)[k] = (float)(((float *)vector.buf)[k] * factor);
    PyBuffer_Release(&vector);
    Py_RETURN_NONE;
}

static PyObject *adam(PyObject *self, PyObject *args) {
    enum { WORK, GRADIENT_SUM, SQUARE_SUM, COUNT };
    Py_buffer v[COUNT] = {0};
    double first, second, shift, scale;
    int is_double;
    if (!PyArg_ParseTuple(args, "w*w*w*ddddp", &v[WORK], &v[GRADIENT_SUM], &v[SQUARE_SUM], &first, &second, &shift, &scale,
                          &is_double))
        return NULL;
    const Py_ssize_t count = v[WORK].len / (Py_ssize_t)(is_double ? sizeof(double) : sizeof(float));
    if (fits(&v[GRADIENT_SUM], count, is_double) && fits(&v[SQUARE_SUM], count, is_double))
        chosen[is_double].adam(v[WORK].buf, v[GRADIENT_SUM].buf, v[SQUARE_SUM].buf, count, first, second, shift, scale);
    return finish(v, COUNT);
}

static PyObject *extremes(PyObject *self, PyObject *args) {
    enum { VALUES, LOW, HIGH, COUNT };
    Py_buffer v[COUNT] = {0};
    int is_double;
    if (!PyArg_ParseTuple(args, "y*w*w*p", &v[VALUES], &v[LOW], &v[HIGH], &is_double)) return NULL;
    const Py_ssize_t width = is_double ? sizeof(double) : sizeof(float), channels = v[LOW].len / width;
    const Py_ssize_t points = channels ? v[VALUES].len / width / channels : 0;
    if (points && fits(&v[VALUES], points * channels, is_double) && fits(&v[HIGH], channels, is_double)) {
        void *work = allocate(3 * 16 * channels * sizeof(double));
        if (!work) PyErr_NoMemory();
        else chosen[is_double].extremes(v[VALUES].buf, v[LOW].buf, v[HIGH].buf, work, points, channels);
        free(work);
    }
    return finish(v, COUNT);
}
