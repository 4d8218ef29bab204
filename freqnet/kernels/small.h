/* The parts of a training step beside products: normalisation, responses, losses. All arrays are contiguous. */

INLINE REAL NAME(root)(REAL x) { return sizeof(REAL) == sizeof(float) ? (REAL)sqrtf((float)x) : (REAL)sqrt((double)x); }

/* found[0] = mean, found[1] = variance over the batch, from the means and powers of each lane (batch, channels). */
static void NAME(moments)(const void *mean_, int step, const void *power_, void *found_, Py_ssize_t batch, Py_ssize_t channels) {
    const REAL *mean = mean_;
    const REAL *power = power_;
    REAL *found = found_;
    REAL *square = found + channels;
    memset(found, 0, 2 * channels * sizeof(REAL));
    for (Py_ssize_t b = 0; b < batch; b++)
        for (Py_ssize_t c = 0; c < channels; c++)
            found[c] += mean[(b * channels + c) * step], square[c] += power[b * channels + c];
    for (Py_ssize_t c = 0; c < channels; c++) {
        found[c] /= batch;
        square[c] = square[c] / batch - found[c] * found[c];
    }
}

/* The coefficients of p(gain (x - mean) / sqrt(variance + epsilon) + offset) in powers of x, one set per lane. */
TARGET static void NAME(compose)(const void *found_, const void *gain_, const void *offset_, const void *p_, void *out_, Py_ssize_t batch, Py_ssize_t channels, int count, int shared, double epsilon) {
    const REAL *found = found_;
    const REAL *gain = gain_;
    const REAL *offset = offset_;
    const REAL *p = p_;
    REAL *out = out_;
    const Py_ssize_t lanes = batch * channels;
    for (Py_ssize_t c = 0; c < channels; c++) {
        const REAL f = gain[c] / (REAL)sqrt((double)(found[channels + c] + (REAL)epsilon));
        const REAL s = offset[c] - found[c] * f;
        const Py_ssize_t at = shared ? 0 : c, row = shared ? 1 : channels;
        const REAL p0 = p[at], p1 = p[row + at], p2 = count > 2 ? p[2 * row + at] : 0;
        out[c] = p0 + s * (p1 + p2 * s), out[lanes + c] = f * (p1 + 2 * p2 * s);
        if (count > 2) out[2 * lanes + c] = f * f * p2;
    }
    for (int i = 0; i < count; i++)
        for (Py_ssize_t b = 1; b < batch; b++)
            memcpy(out + i * lanes + b * channels, out + i * lanes, channels * sizeof(REAL));
}

/* From the gradients of the coefficients, (count, batch, channels): those of gain, offset and polynomial, and factor and
 * constant of the affine map of x that is the gradient through mean and variance. */
TARGET static void NAME(compose_adjoint)(const void *sums_, const void *found_, const void *gain_, const void *offset_, const void *p_, void *g_gain_, void *g_offset_, void *g_p_, void *factor_, void *start_, Py_ssize_t batch, Py_ssize_t channels, int count, int shared, double epsilon) {
    const REAL *sums = sums_;
    const REAL *found = found_;
    const REAL *gain = gain_;
    const REAL *offset = offset_;
    const REAL *p = p_;
    REAL *g_gain = g_gain_;
    REAL *g_offset = g_offset_;
    REAL *g_p = g_p_;
    REAL *factor = factor_;
    REAL *start = start_;
    const Py_ssize_t lanes = batch * channels;
    if (g_p && shared) memset(g_p, 0, count * sizeof(REAL));
    for (Py_ssize_t c = 0; c < channels; c++) {
        REAL g[3] = {0, 0, 0};
        for (int i = 0; i < count; i++)
            for (Py_ssize_t b = 0; b < batch; b++) g[i] += sums[i * lanes + b * channels + c];
        const REAL variance = found[channels + c] + (REAL)epsilon, inverse = 1 / (REAL)sqrt((double)variance);
        const REAL f = gain[c] * inverse, s = offset[c] - found[c] * f;
        const Py_ssize_t at = shared ? 0 : c, row = shared ? 1 : channels;
        const REAL p1 = p[row + at], p2 = count > 2 ? 2 * p[2 * row + at] : 0;
        const REAL of_s = g[0] * p1 + p2 * (g[0] * s + g[1] * f);
        const REAL of_f = g[1] * p1 + p2 * (g[1] * s + g[2] * f) - of_s * found[c];
        g_gain[c] = of_f * inverse, g_offset[c] = of_s;
        const REAL of_mean = -of_s * f, of_variance = g_gain[c] * gain[c] * inverse * inverse * (REAL)-0.5;
        if (g_p) {
            g_p[at] = g[0] + (shared ? g_p[at] : 0);
            g_p[row + at] = g[0] * s + g[1] * f + (shared ? g_p[row + at] : 0);
            if (count > 2)
                g_p[2 * row + at] = s * (g[0] * s + 2 * g[1] * f) + g[2] * f * f + (shared ? g_p[2 * row + at] : 0);
        }
        factor[c] = of_variance * 2 / batch;
        start[c] = of_mean / batch - factor[c] * found[c];
    }
    for (Py_ssize_t b = 1; b < batch; b++) {
        memcpy(factor + b * channels, factor, channels * sizeof(REAL));
        memcpy(start + b * channels, start, channels * sizeof(REAL));
    }
}

/* Responses out[m, l] = sum_t basis[m, t] theta[t, l], complex, for real theta; basis is (modes, 2, taps). */
typedef struct { const REAL *basis, *from; REAL *to; Py_ssize_t modes, taps, lanes; } NAME(response_call);

/* One mode: two vectors of lanes at a time, so that each number of the basis is loaded once for both. */
INLINE void NAME(response_mode)(const NAME(response_call) *r, Py_ssize_t m, Py_ssize_t start, int count) {
    const int first = MIN(LANES, count), second = count - first;
    const REAL *basis = r->basis + 2 * m * r->taps, *theta = r->from + start;
    V re[2] = {{0}}, im[2] = {{0}};
    for (Py_ssize_t t = 0; t < r->taps; t++, theta += r->lanes) {
        const V x = NAME(load_real)(theta, 0, first), y = NAME(load_real)(theta, LANES, second);
        re[0] += basis[t] * x, im[0] += basis[r->taps + t] * x;
        re[1] += basis[t] * y, im[1] += basis[r->taps + t] * y;
    }
    REAL *out = r->to + 2 * (m * r->lanes + start);
    NAME(store)(out, first, &re[0], &im[0], 0);
    if (second) NAME(store)(out + 2 * LANES, second, &re[1], &im[1], 0);
}

/* The results of a mode lie far from those of the next: a span of lanes is long enough for writing. */
#define SPAN (8 * LANES)
TARGET static void NAME(response_span)(const NAME(response_call) *r, Py_ssize_t start, int count) {
    for (Py_ssize_t m = 0; m < r->modes; m++)
        for (int l = 0; l < count; l += 2 * LANES)
            if (l + 2 * LANES <= count) NAME(response_mode)(r, m, start + l, 2 * LANES);
            else NAME(response_mode)(r, m, start + l, count - l);
}

/* theta[t, l] = sum_m basis[m, t] . g[m, l], where the basis holds the weights of the modes, for the taps t .. t + taps
 * - 1; taps is a constant in every call, so that the sums stay in registers. */
INLINE void NAME(response_taps)(const NAME(response_call) *r, Py_ssize_t start, int count, Py_ssize_t t, const int taps) {
    V sums[8];
    for (int i = 0; i < taps; i++) sums[i] = (V){0};
    for (Py_ssize_t m = 0; m < r->modes; m++) {
        V re, im;
        const REAL *basis = r->basis + 2 * m * r->taps + t;
        NAME(load)(r->from + 2 * (m * r->lanes + start), count, &re, &im);
        for (int i = 0; i < taps; i++) sums[i] += basis[i] * re, sums[i] += basis[r->taps + i] * im;
    }
    for (int i = 0; i < taps; i++) memcpy(r->to + (t + i) * r->lanes + start, &sums[i], sizeof(REAL) * count);
}

TARGET static void NAME(response_adjoint_span)(const NAME(response_call) *r, Py_ssize_t start, int count) {
    for (Py_ssize_t t = 0; t < r->taps; t += 8)
        switch (MIN(8, r->taps - t)) {
        case 8: NAME(response_taps)(r, start, count, t, 8); break;
        case 7: NAME(response_taps)(r, start, count, t, 7); break;
        case 6: NAME(response_taps)(r, start, count, t, 6); break;
        case 5: NAME(response_taps)(r, start, count, t, 5); break;
        case 4: NAME(response_taps)(r, start, count, t, 4); break;
        case 3: NAME(response_taps)(r, start, count, t, 3); break;
        case 2: NAME(response_taps)(r, start, count, t, 2); break;
        case 1: NAME(response_taps)(r, start, count, t, 1); break;
        }
}

static int NAME(response_body)(void *context, Pieces *pieces) {
    const NAME(response_call) *r = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t i = first; i < last; i++)
            NAME(response_span)(r, i * SPAN, (int)MIN(SPAN, r->lanes - i * SPAN));
    return 0;
}

static int NAME(response_adjoint_body)(void *context, Pieces *pieces) {
    const NAME(response_call) *r = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t l = first * SPAN; l < MIN(last * SPAN, r->lanes); l += LANES)
            NAME(response_adjoint_span)(r, l, (int)MIN(LANES, r->lanes - l));
    return 0;
}

static int NAME(response)(const void *basis, const void *from, void *to, Py_ssize_t modes, Py_ssize_t taps,
                          Py_ssize_t lanes, int adjoint, int threads) {
    NAME(response_call) call = {basis, from, to, modes, taps, lanes};
    return share(adjoint ? NAME(response_adjoint_body) : NAME(response_body), &call, (lanes + SPAN - 1) / SPAN, threads);
}
#undef SPAN

/* Loss -(1/B) sum t log softmax(z), and its gradient (sum(t) softmax(z) - t) / B. */
static void NAME(softmax)(const void *logits_, const void *targets_, void *loss_, void *g_, Py_ssize_t batch, Py_ssize_t classes) {
    const REAL *logits = logits_;
    const REAL *targets = targets_;
    REAL *loss = loss_;
    REAL *g = g_;
    REAL total = 0;
    for (Py_ssize_t b = 0; b < batch; b++) {
        const REAL *z = logits + b * classes, *t = targets + b * classes;
        REAL *out = g + b * classes, most = z[0], sum = 0, weight = 0;
        for (Py_ssize_t c = 1; c < classes; c++) most = MAX(most, z[c]);
        for (Py_ssize_t c = 0; c < classes; c++) out[c] = (REAL)exp((double)(z[c] - most)), sum += out[c], weight += t[c];
        const REAL log_sum = (REAL)log((double)sum);
        for (Py_ssize_t c = 0; c < classes; c++) {
            total -= t[c] * (z[c] - most - log_sum);
            out[c] = (out[c] / sum * weight - t[c]) / batch;
        }
    }
    *loss = total / batch;
}

/* target[i * target_step] += factor * source[i * source_step] for each entry (target, source, factor). */
static void NAME(scatter)(const void *source_, void *target_, const long long *places, const void *factors_, Py_ssize_t entries, Py_ssize_t length, int source_step, int target_step) {
    const REAL *source = source_;
    REAL *target = target_;
    const REAL *factors = factors_;
    for (Py_ssize_t e = 0; e < entries; e++) {
        const REAL f = factors[e];
        const REAL *s = source + places[2 * e + 1];
        REAL *t = target + places[2 * e];
        for (Py_ssize_t i = 0; i < length; i++) t[i * target_step] += f * s[i * source_step];
    }
}

static void NAME(column_sums)(const void *source_, void *target_, Py_ssize_t rows, Py_ssize_t columns) {
    const REAL *source = source_;
    REAL *target = target_;
    memset(target, 0, columns * sizeof(REAL));
    for (Py_ssize_t r = 0; r < rows; r++)
        for (Py_ssize_t c = 0; c < columns; c++) target[c] += source[r * columns + c];
}

/* Running averages of mean and variance, (2, count); what is not finite is left out, as averages would never recover. */
static void NAME(running)(void *mean, void *variance, const void *found, Py_ssize_t count, double momentum) {
    const REAL *now = found;
    REAL *state[2] = {mean, variance};
    for (Py_ssize_t i = 0; i < 2 * count; i++)
        if (!isfinite(now[i])) return;
    for (int row = 0; row < 2; row++)
        for (Py_ssize_t i = 0; i < count; i++) state[row][i] += (REAL)momentum * (now[row * count + i] - state[row][i]);
}

/* exp(x) for -710 < x <= 0. The compiler turns loops over it into vectors, which it cannot do with the library's. */
INLINE double NAME(exponential)(double x) {
    /* x = n log 2 + rest; n stands in the last bits of `shifted`. */
    const double magic = 0x1.8p52, shifted = x * 1.4426950408889634 + magic, n = shifted - magic;
    const double rest = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
    double sum = 1 / 6227020800.0, power;
    sum = sum * rest + 1 / 479001600.0, sum = sum * rest + 1 / 39916800.0, sum = sum * rest + 1 / 3628800.0;
    sum = sum * rest + 1 / 362880.0, sum = sum * rest + 1 / 40320.0, sum = sum * rest + 1 / 5040.0;
    sum = sum * rest + 1 / 720.0, sum = sum * rest + 1 / 120.0, sum = sum * rest + 1 / 24.0, sum = sum * rest + 1 / 6.0;
    sum = sum * rest + 0.5, sum = sum * rest + 1, sum = sum * rest + 1;
    unsigned long long bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

/* Density and distribution of the normal variable. (1 + 2 x) exp(x^2) erfc(x) is a polynomial in (x - 4) / (x + 4) to
 * 5e-16, which Chebyshev interpolation gives; Shepherd & Laframboise 1981. Beyond 37.5 both are 0 or 1. */
INLINE void NAME(normal)(double alpha, double *density, double *below) {
    static const double c[] = {
        0x1.3ba5916e9fd7fp+0,  -0x1.1df1ad154a1cfp-3,  0x1.f7f5df66fc232p-7,   0x1.16ecefcf9cec8p-4,
        -0x1.9ddb23c3e0f9fp-4, 0x1.7fee004eec256p-4,   -0x1.0fb06dfee117cp-4,  0x1.3079ede1db0f5p-5,
        -0x1.0962386e0ee02p-6, 0x1.49c676e3a8c65p-8,   -0x1.8d4aaa511de6ap-11, -0x1.a1e168de6b5e6p-13,
        0x1.3be128d9104c4p-13, -0x1.9928c39faa267p-16, -0x1.78a6e4120d43dp-17, 0x1.7dd18392c6ff7p-18,
        0x1.3ffd566b4c798p-22, -0x1.ae94b42bab6b6p-21, 0x1.3199f76ac5e29p-24,  0x1.8f3ad1c64d243p-24,
        -0x1.1943d94f86a0bp-26, -0x1.e08757ddb404fp-28, 0x1.b09c53938c643p-30};
    const double size = MIN(fabs(alpha), 37.5), x = size * 0.7071067811865476, t = (x - 4) / (x + 4);
    const double power = NAME(exponential)(-0.5 * size * size);
    double sum = c[22];
    /* Without a loop, of which compilers unroll only short ones. */
#define NEXT(I) sum = sum * t + c[I]
    NEXT(21), NEXT(20), NEXT(19), NEXT(18), NEXT(17), NEXT(16), NEXT(15), NEXT(14), NEXT(13), NEXT(12), NEXT(11);
    NEXT(10), NEXT(9), NEXT(8), NEXT(7), NEXT(6), NEXT(5), NEXT(4), NEXT(3), NEXT(2), NEXT(1), NEXT(0);
#undef NEXT
    const double above = 0.5 * power * sum / (1 + 2 * x);
    *density = 0.3989422804014327 * power, *below = alpha > 0 ? 1 - above : above;
}

/* Per lane, the best polynomial for relu of f x + s, where x has the moments `own` (2, batch or 1, channels) and
 * f = gain / sqrt(variance + norm_epsilon), s = offset - mean f with the moments `shared` (2, channels); f = 1 and s = 0
 * without gain. The polynomial is in powers of x - mean. */
typedef struct {
    const REAL *own, *shared, *gain, *offset, *sums, *mean_of_g;
    REAL *coefficients, *negated, *g_gain, *g_offset, *factor, *start;
    double *kept;
    Py_ssize_t batch, channels;
    int step, per_sample, degree, running;
    REAL epsilon, norm_epsilon;
} NAME(relu_call);

/* Neighbouring channels that one thread computes: those of one cache line, to which no other thread writes then. */
#define SPAN ((int)(CACHE_LINE / sizeof(REAL)))
typedef struct { REAL factor[SPAN], inverse[SPAN], mean[SPAN], variance[SPAN], away[SPAN], m[5][SPAN]; } NAME(relu_lanes);

/* Mean, variance and, for j = 0 .. 4, E[f^(j)(X)] with f = relu and X normal, for n lanes: `at` counts the moments, c
 * the channels. Without deviation they are relu itself, its step, and zeros. Density and distribution of the normal
 * variable take most of the time: the forward pass keeps them for the backward pass. */
INLINE void NAME(relu_at)(const NAME(relu_call) *r, Py_ssize_t at, Py_ssize_t c, int n, NAME(relu_lanes) *v) {
    const Py_ssize_t all = r->per_sample ? r->batch * r->channels : r->channels;
    const REAL *own = r->own + at, *shared = r->shared + c, *gain = r->gain + c, *offset = r->offset + c;
    double *density = r->kept + at, *below = density + r->batch * r->channels;
    double alpha[SPAN], inverse[SPAN];
    if (r->gain)
        for (int i = 0; i < n; i++) {
            v->inverse[i] = 1 / NAME(root)(shared[r->channels + i] + r->norm_epsilon);
            v->factor[i] = gain[i] * v->inverse[i], v->away[i] = own[i] - shared[i];
            v->mean[i] = offset[i] + v->factor[i] * v->away[i];
        }
    else
        for (int i = 0; i < n; i++) v->factor[i] = v->inverse[i] = 1, v->away[i] = 0, v->mean[i] = own[i];
    for (int i = 0; i < n; i++) {
        v->variance[i] = MAX(v->factor[i] * v->factor[i] * own[all + i] + r->epsilon, 0);
        const double d = NAME(root)(v->variance[i]), mean = v->mean[i];
        alpha[i] = d > 0 ? mean / d : (mean > 0 ? 40 : -40), inverse[i] = d > 0 ? 1 / d : 0;
    }
    if (!r->sums)
        for (int i = 0; i < n; i++) NAME(normal)(alpha[i], density + i, below + i);
    for (int i = 0; i < n; i++) {
        const double slope = density[i] * inverse[i], curve = slope * inverse[i];
        v->m[0][i] = (REAL)(NAME(root)(v->variance[i]) * density[i] + v->mean[i] * below[i]);
        v->m[1][i] = (REAL)below[i], v->m[2][i] = (REAL)slope, v->m[3][i] = (REAL)(-alpha[i] * curve);
        v->m[4][i] = (REAL)((alpha[i] * alpha[i] - 1) * curve * inverse[i]);
    }
}

TARGET static void NAME(relu_forward)(const NAME(relu_call) *r, Py_ssize_t first, int n) {
    const Py_ssize_t lanes = r->batch * r->channels;
    NAME(relu_lanes) v;
    for (Py_ssize_t b = 0; b < r->batch; b++) {
        const Py_ssize_t l = b * r->channels + first;
        if (b && !r->per_sample) {
            for (int j = 0; j <= r->degree; j++)
                memcpy(r->coefficients + j * lanes + l, r->coefficients + j * lanes + first, n * sizeof(REAL));
            memcpy(r->negated + l, r->negated + first, n * sizeof(REAL));
            continue;
        }
        NAME(relu_at)(r, l, first, n, &v);
        REAL *c = r->coefficients + l;
        for (int i = 0; i < n; i++) {
            r->negated[l + i] = -r->own[l + i];
            c[i] = v.m[0][i], c[lanes + i] = v.m[1][i] * v.factor[i];
        }
        for (int i = 0; r->degree > 1 && i < n; i++) {
            c[i] -= v.m[2][i] * v.variance[i] / 2;
            c[2 * lanes + i] = v.m[2][i] / 2 * v.factor[i] * v.factor[i];
        }
    }
}

/* Gradients g of the coefficients become gradients by the mean and the variance of f x + s (rows 0 and 1), and by f at
 * fixed moments of x (row 2). */
INLINE void NAME(relu_slopes)(const NAME(relu_lanes) *v, int degree, int n, REAL g[3][SPAN]) {
    for (int i = 0; i < n; i++) {
        const REAL f = v->factor[i], g0 = g[0][i], g1 = f * g[1][i], curved = f * f * g[2][i] - v->variance[i] * g0;
        const REAL m1 = v->m[1][i], m2 = v->m[2][i], m3 = v->m[3][i], of_factor = g[1][i] * m1 + f * g[2][i] * m2;
        g[0][i] = g0 * m1 + g1 * m2 + (degree > 1 ? curved * m3 / 2 : 0);
        g[1][i] = g1 * m3 / 2 + (degree > 1 ? curved * v->m[4][i] / 4 : g0 * m2 / 2);
        g[2][i] = of_factor;
    }
}

/* Factor and constant of the affine map of x that is the gradient through all moments; gradients of gain and offset. */
TARGET static void NAME(relu_backward)(const NAME(relu_call) *r, Py_ssize_t first, int n) {
    const Py_ssize_t lanes = r->batch * r->channels, all = r->per_sample ? lanes : r->channels;
    const Py_ssize_t rows = r->per_sample ? r->batch : 1, count = r->per_sample ? 1 : r->batch;
    REAL of_f[SPAN] = {0}, of_s[SPAN] = {0}, factor[SPAN] = {0}, start[SPAN] = {0};
    NAME(relu_lanes) v;
    for (Py_ssize_t b = 0; b < rows; b++) {
        const Py_ssize_t l = b * r->channels + first;
        REAL g[3][SPAN] = {{0}}, direct[SPAN] = {0};
        for (Py_ssize_t k = 0; k < count; k++) {
            const Py_ssize_t lane = l + k * r->channels;
            for (int j = 0; j <= r->degree; j++)
                for (int i = 0; i < n; i++) g[j][i] += r->sums[j * lanes + lane + i];
            for (int i = 0; i < n; i++) direct[i] += r->mean_of_g[(lane + i) * r->step];
        }
        NAME(relu_at)(r, l, first, n, &v);
        NAME(relu_slopes)(&v, r->degree, n, g);
        for (int i = 0; i < n; i++) {
            const REAL of_mean = g[0][i], of_variance = 2 * g[1][i] * v.factor[i];
            of_f[i] += g[2][i] + of_mean * v.away[i] + of_variance * r->own[all + l + i], of_s[i] += of_mean;
            r->factor[l + i] = of_variance * v.factor[i] / count;
            r->start[l + i] = (of_mean * v.factor[i] - direct[i]) / count - r->factor[l + i] * r->own[l + i];
        }
    }
    for (int i = 0; r->gain && i < n; i++) {
        const Py_ssize_t c = first + i;
        r->g_gain[c] = of_f[i] * v.inverse[i], r->g_offset[c] = of_s[i];
        if (r->running) continue;
        factor[i] = -of_f[i] * r->gain[c] * v.inverse[i] * v.inverse[i] * v.inverse[i] / r->batch;
        start[i] = -v.factor[i] * of_s[i] / r->batch - factor[i] * r->shared[c];
    }
    /* The first row is the last to change: it serves all others where the batch has common moments. */
    for (Py_ssize_t b = r->batch; b-- > 0;) {
        const Py_ssize_t l = b * r->channels + first, from = r->per_sample ? l : first;
        for (int i = 0; i < n; i++)
            r->factor[l + i] = r->factor[from + i] + factor[i], r->start[l + i] = r->start[from + i] + start[i];
    }
}

static int NAME(relu_body)(void *context, Pieces *pieces) {
    const NAME(relu_call) *r = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        for (Py_ssize_t t = first; t < last; t++)
            (r->sums ? NAME(relu_backward) : NAME(relu_forward))(r, t * SPAN, (int)MIN(SPAN, r->channels - t * SPAN));
    return 0;
}

static int NAME(relu)(const void *const *from, void *const *to, Py_ssize_t batch, Py_ssize_t channels, int step,
                      int per_sample, int degree, int running, double epsilon, double norm_epsilon, int threads) {
    NAME(relu_call) call = {from[0], from[1], from[2], from[3], from[4], from[5], to[0], to[1], to[2], to[3], to[4],
                            to[5], to[6], batch, channels, step, per_sample, degree, running, (REAL)epsilon,
                            (REAL)norm_epsilon};
    return share(NAME(relu_body), &call, (channels + SPAN - 1) / SPAN, threads);
}
#undef SPAN

/* target += other. */
#define SPAN 4096
typedef struct { REAL *target; const REAL *other; Py_ssize_t count; } NAME(sum_call);

TARGET static void NAME(sum_span)(const NAME(sum_call) *c, Py_ssize_t first, Py_ssize_t last) {
    for (Py_ssize_t i = first; i < last; i++) c->target[i] += c->other[i];
}

static int NAME(sum_body)(void *context, Pieces *pieces) {
    const NAME(sum_call) *c = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last)) NAME(sum_span)(c, first * SPAN, MIN(last * SPAN, c->count));
    return 0;
}

static int NAME(accumulate)(void *target, const void *other, Py_ssize_t count, int threads) {
    NAME(sum_call) call = {target, other, count};
    return share(NAME(sum_body), &call, (count + SPAN - 1) / SPAN, threads);
}
#undef SPAN

static void NAME(plus_row)(const void *source, const void *row, void *target, Py_ssize_t rows, Py_ssize_t columns) {
    const REAL *from = source, *added = row;
    REAL *to = target;
    for (Py_ssize_t r = 0; r < rows; r++)
        for (Py_ssize_t c = 0; c < columns; c++) to[r * columns + c] = from[r * columns + c] + added[c];
}

/* Real and imaginary parts, (modes, length) complex to (modes, 2, length), and the same times one weight per mode. */
TARGET static void NAME(planes)(const void *source, void *planes, void *weighted, const void *weights, Py_ssize_t modes,
                                Py_ssize_t length) {
    for (Py_ssize_t k = 0; k < modes; k++) {
        const REAL *from = (const REAL *)source + 2 * k * length, w = ((const REAL *)weights)[k];
        REAL *to = (REAL *)planes + 2 * k * length, *times = (REAL *)weighted + 2 * k * length;
        for (Py_ssize_t i = 0; i < length; i++) to[i] = from[2 * i], to[length + i] = from[2 * i + 1];
        for (Py_ssize_t i = 0; i < 2 * length; i++) times[i] = w * to[i];
    }
}

TARGET static void NAME(interleave)(const void *planes, void *target, Py_ssize_t modes, Py_ssize_t length) {
    for (Py_ssize_t k = 0; k < modes; k++) {
        const REAL *from = (const REAL *)planes + 2 * k * length;
        REAL *to = (REAL *)target + 2 * k * length;
        for (Py_ssize_t i = 0; i < length; i++) to[2 * i] = from[i], to[2 * i + 1] = from[length + i];
    }
}

/* One step of Adam: the averages without their factors 1 - beta, and the change in the place of the gradient. */
TARGET static void NAME(adam)(void *work_, void *gradient_sum_, void *square_sum_, Py_ssize_t count, double first_,
                              double second_, double shift_, double scale_) {
    REAL *work = work_, *gradient_sum = gradient_sum_, *square_sum = square_sum_;
    const REAL first = (REAL)first_, second = (REAL)second_, shift = (REAL)shift_, scale = (REAL)scale_;
    for (Py_ssize_t i = 0; i < count; i++) {
        gradient_sum[i] = first * gradient_sum[i] + work[i];
        square_sum[i] = second * square_sum[i] + work[i] * work[i];
        work[i] = scale * gradient_sum[i] / (NAME(root)(square_sum[i]) + shift);
    }
}

/* The lowest and the highest number of each channel of (points, channels); NaN where one is not finite. Work takes
 * 3 LANES channels numbers. */
TARGET static void NAME(extremes)(const void *values, void *low_, void *high_, void *work, Py_ssize_t points,
                                  Py_ssize_t channels) {
    const REAL *x = values;
    const Py_ssize_t width = LANES * channels, count = points * channels;
    REAL *low = work, *high = low + width, *odd = high + width, *lowest = low_, *highest = high_;
    for (Py_ssize_t k = 0; k < width; k++) low[k] = high[k] = x[k % channels], odd[k] = 0;
    Py_ssize_t at = 0;
    for (; at + width <= count; at += width)
        for (Py_ssize_t k = 0; k < width; k++) {
            const REAL v = x[at + k];
            low[k] = v < low[k] ? v : low[k], high[k] = v > high[k] ? v : high[k], odd[k] += 0 * v;
        }
    for (Py_ssize_t k = 0; at + k < count; k++) {
        const REAL v = x[at + k];
        low[k] = v < low[k] ? v : low[k], high[k] = v > high[k] ? v : high[k], odd[k] += 0 * v;
    }
    for (Py_ssize_t c = 0; c < channels; c++) {
        REAL sum = 0;
        lowest[c] = low[c], highest[c] = high[c];
        for (Py_ssize_t k = c; k < width; k += channels)
            lowest[c] = MIN(lowest[c], low[k]), highest[c] = MAX(highest[c], high[k]), sum += odd[k];
        /* Zero times infinity is not a number. */
        lowest[c] += sum, highest[c] += sum;
    }
}
