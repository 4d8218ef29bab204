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

/* E[f^(j)(X)] for f = relu, X normal, j = 0 .. 4; without deviation relu itself, its step, and zeros. Density and
 * distribution of the normal variable take most of the time: the forward pass keeps them for the backward pass. */
INLINE void NAME(relu_moments)(REAL mean, REAL deviation, REAL *m, double *kept, int is_kept) {
    const double d = deviation, alpha = d > 0 ? mean / d : (mean > 0 ? 40 : -40), inverse = d > 0 ? 1 / d : 0;
    if (!is_kept) {
        kept[0] = fabs(alpha) < 40 ? exp(-0.5 * alpha * alpha) * 0.3989422804014327 : 0;
        kept[1] = 0.5 * erfc(-alpha * 0.7071067811865476);
    }
    const double density = kept[0], below = kept[1];
    m[0] = (REAL)(d * density + mean * below), m[1] = (REAL)below, m[2] = (REAL)(density * inverse);
    m[3] = (REAL)(-alpha * density * inverse * inverse);
    m[4] = (REAL)((alpha * alpha - 1) * density * inverse * inverse * inverse);
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

typedef struct { REAL factor, inverse, mean, variance, away, m[5]; } NAME(relu_lane);

/* Mean, variance and Gaussian means of one lane: `at` counts the moments, c the channels. */
INLINE NAME(relu_lane) NAME(relu_at)(const NAME(relu_call) *r, Py_ssize_t at, Py_ssize_t c) {
    const REAL *own = r->own + at;
    const Py_ssize_t all = r->per_sample ? r->batch * r->channels : r->channels;
    NAME(relu_lane) out = {.factor = 1, .inverse = 1, .mean = own[0]};
    if (r->gain) {
        out.inverse = 1 / (REAL)sqrt((double)(r->shared[r->channels + c] + r->norm_epsilon));
        out.factor = r->gain[c] * out.inverse, out.away = own[0] - r->shared[c];
        out.mean = r->offset[c] + out.factor * out.away;
    }
    out.variance = MAX(out.factor * out.factor * own[all] + r->epsilon, 0);
    NAME(relu_moments)(out.mean, (REAL)sqrt((double)out.variance), out.m, r->kept + 2 * at, r->sums != NULL);
    return out;
}

TARGET static void NAME(relu_forward)(const NAME(relu_call) *r, Py_ssize_t first, Py_ssize_t last) {
    const Py_ssize_t lanes = r->batch * r->channels;
    for (Py_ssize_t b = 0; b < r->batch; b++)
        for (Py_ssize_t c = first; c < last; c++) {
            const Py_ssize_t l = b * r->channels + c;
            if (b && !r->per_sample) {
                for (int i = 0; i <= r->degree; i++) r->coefficients[i * lanes + l] = r->coefficients[i * lanes + c];
                r->negated[l] = r->negated[c];
                continue;
            }
            const NAME(relu_lane) v = NAME(relu_at)(r, l, c);
            r->negated[l] = -r->own[l];
            r->coefficients[l] = r->degree > 1 ? v.m[0] - v.m[2] * v.variance / 2 : v.m[0];
            r->coefficients[lanes + l] = v.m[1] * v.factor;
            if (r->degree > 1) r->coefficients[2 * lanes + l] = v.m[2] / 2 * v.factor * v.factor;
        }
}

/* The gradients of one polynomial: by the mean and the variance of f x + s, and by f at fixed moments of x. */
INLINE void NAME(relu_slopes)(const NAME(relu_lane) *v, const REAL *g, int degree, REAL *of_mean, REAL *of_variance,
                              REAL *of_factor) {
    const REAL g1 = v->factor * g[1], curved = v->factor * v->factor * g[2] - v->variance * g[0];
    *of_mean = g[0] * v->m[1] + g1 * v->m[2], *of_factor = g[1] * v->m[1];
    if (degree > 1) {
        *of_mean += curved * v->m[3] / 2, *of_variance = curved * v->m[4] / 4 + g1 * v->m[3] / 2;
        *of_factor += v->factor * g[2] * v->m[2];
    } else *of_variance = g1 * v->m[3] / 2 + g[0] * v->m[2] / 2;
}

/* Factor and constant of the affine map of x that is the gradient through all moments; gradients of gain and offset. */
TARGET static void NAME(relu_backward)(const NAME(relu_call) *r, Py_ssize_t first, Py_ssize_t last) {
    const Py_ssize_t lanes = r->batch * r->channels, all = r->per_sample ? lanes : r->channels;
    const Py_ssize_t rows = r->per_sample ? r->batch : 1, count = r->per_sample ? 1 : r->batch;
    for (Py_ssize_t c = first; c < last; c++) {
        REAL of_f = 0, of_s = 0;
        NAME(relu_lane) v = {0};
        for (Py_ssize_t b = 0; b < rows; b++) {
            const Py_ssize_t l = b * r->channels + c;
            REAL g[3] = {0, 0, 0}, direct = 0, of_mean, of_variance, of_factor;
            for (Py_ssize_t i = 0; i < count; i++) {
                const Py_ssize_t lane = l + i * r->channels;
                for (int j = 0; j <= r->degree; j++) g[j] += r->sums[j * lanes + lane];
                direct += r->mean_of_g[lane * r->step];
            }
            v = NAME(relu_at)(r, l, c);
            NAME(relu_slopes)(&v, g, r->degree, &of_mean, &of_variance, &of_factor);
            of_f += of_factor + of_mean * v.away + 2 * of_variance * v.factor * r->own[all + l], of_s += of_mean;
            r->factor[l] = 2 * of_variance * v.factor * v.factor / count;
            r->start[l] = (of_mean * v.factor - direct) / count - r->factor[l] * r->own[l];
        }
        REAL factor = 0, start = 0;
        if (r->gain) r->g_gain[c] = of_f * v.inverse, r->g_offset[c] = of_s;
        if (r->gain && !r->running) {
            factor = -of_f * r->gain[c] * v.inverse * v.inverse * v.inverse / r->batch;
            start = -v.factor * of_s / r->batch - factor * r->shared[c];
        }
        for (Py_ssize_t b = r->batch; b-- > 0;) {
            const Py_ssize_t l = b * r->channels + c, from = r->per_sample ? l : c;
            r->factor[l] = r->factor[from] + factor, r->start[l] = r->start[from] + start;
        }
    }
}

#define SPAN 8
static int NAME(relu_body)(void *context, Pieces *pieces) {
    const NAME(relu_call) *r = context;
    Py_ssize_t first, last;
    while (take(pieces, &first, &last))
        (r->sums ? NAME(relu_backward) : NAME(relu_forward))(r, first * SPAN, MIN(last * SPAN, r->channels));
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
