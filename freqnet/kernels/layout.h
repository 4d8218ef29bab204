/* The memory layout of spectra: (z, y, x, lanes) with centred modes. A half spectrum has x >= 0 and interleaved complex
 * numbers. A Hartley spectrum has x from -m to m and real numbers H[k]; its Fourier coefficients are
 * ((H[k] + H[-k]) + i (H[-k] - H[k])) / 2. `hartley` is a constant in every call. */

/* Load up to one vector of interleaved complex lanes; missing lanes are set to zero. */
INLINE void NAME(load)(const REAL *source, int count, V *re, V *im) {
    REAL *r = (REAL *)re, *i = (REAL *)im;
    if (count == LANES) {
        for (int l = 0; l < LANES; l++) r[l] = source[2 * l], i[l] = source[2 * l + 1];
    } else {
        for (int l = 0; l < LANES; l++) r[l] = l < count ? source[2 * l] : 0, i[l] = l < count ? source[2 * l + 1] : 0;
    }
}

/* Store one vector of interleaved complex lanes. Results larger than the caches bypass them: loading cache lines
 * only to overwrite them would be a third of all memory traffic. */
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

/* Load up to one vector of the Fourier coefficients of a mode, x >= 0. */
INLINE void NAME(load_mode)(const REAL *source, Py_ssize_t lanes, int count, Band m, int row, int x, const int hartley,
                            V *re, V *im) {
    if (hartley) {
        const Py_ssize_t last = (Py_ssize_t)(2 * m.z + 1) * (2 * m.y + 1) * (2 * m.x + 1) - 1;
        const Py_ssize_t at = (Py_ssize_t)row * (2 * m.x + 1) + m.x + x;
        const V here = NAME(load_real)(source, lanes * at, count);
        const V there = NAME(load_real)(source, lanes * (last - at), count);
        *re = (there + here) / 2, *im = (there - here) / 2;
    } else {
        NAME(load)(source + 2 * lanes * ((Py_ssize_t)row * (m.x + 1) + x), count, re, im);
    }
}

/* Store up to one vector of a mode and, in a Hartley spectrum, its mirror image. */
INLINE void NAME(store_mode)(REAL *target, Py_ssize_t lanes, int count, Band m, int row, int x, const int hartley,
                             const V *re, const V *im, int streams) {
    if (hartley) {
        const Py_ssize_t last = (Py_ssize_t)(2 * m.z + 1) * (2 * m.y + 1) * (2 * m.x + 1) - 1;
        const Py_ssize_t at = (Py_ssize_t)row * (2 * m.x + 1) + m.x + x;
        const V here = *re - *im, there = *re + *im;
        /* For x = 0 both modes of a pair are computed; the second of them stores both. */
        if (!x && at < last - at) return;
#ifdef STREAM
        if (streams) {
            STREAM(target + lanes * at, here);
            STREAM(target + lanes * (last - at), there);
            return;
        }
#endif
        memcpy(target + lanes * at, &here, count * sizeof(REAL));
        memcpy(target + lanes * (last - at), &there, count * sizeof(REAL));
    } else {
        NAME(store)(target + 2 * lanes * ((Py_ssize_t)row * (m.x + 1) + x), count, re, im, streams);
    }
}

/* Prefetch the rows for output row `now` of `all`, from lane `start` on. The numbers of a tile lie far apart, in one or
 * two cache lines per mode, where the hardware prefetcher does not find them. */
INLINE void NAME(prefetch)(const REAL *source, Band m, Py_ssize_t lanes, Py_ssize_t start, int now, int all,
                           const int hartley) {
    const int rows = (2 * m.z + 1) * (2 * m.y + 1), columns = hartley ? 2 * m.x + 1 : m.x + 1, parts = hartley ? 1 : 2;
    for (int at = rows * now / all * columns; at < rows * (now + 1) / all * columns; at++)
        for (int byte = 0; byte < parts * VECTOR_BYTES; byte += CACHE_LINE)
            __builtin_prefetch((const char *)(source + parts * (lanes * at + start)) + byte);
}
