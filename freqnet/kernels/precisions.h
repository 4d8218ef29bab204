/* Compiles the bodies in both precisions for the instruction set given by SET, TARGET and VECTOR_BYTES. */
#define REAL float
#define INDEX int
#define NAME(name) SET(name##_f32)
#include "product.h"
#include "channels.h"
#include "pairs.h"
#include "gemm.h"
#include "door.h"
#include "small.h"
#include "nodes.h"
#include "passes.h"
#undef REAL
#undef INDEX
#undef NAME
#define REAL double
#define INDEX long long
#define NAME(name) SET(name##_f64)
#include "product.h"
#include "channels.h"
#include "pairs.h"
#include "gemm.h"
#include "door.h"
#include "small.h"
#include "nodes.h"
#include "passes.h"
#undef REAL
#undef INDEX
#undef NAME
#define KERNELS(P)                                                                                                   \
    {SET(product_##P), SET(channels_##P), SET(pairs_##P), SET(inner_##P), SET(combine_##P), SET(door_##P),           \
     SET(gemm_##P), SET(response_##P), SET(moments_##P), SET(compose_##P), SET(compose_adjoint_##P),                 \
     SET(softmax_##P), SET(scatter_##P), SET(column_sums_##P), SET(running_##P), SET(plus_row_##P),                  \
     SET(planes_##P), SET(interleave_##P), SET(accumulate_##P), SET(relu_##P), SET(adam_##P),                        \
     SET(extremes_##P), SET(bilinear_##P), SET(node_combine_##P), SET(node_sums_##P), SET(matrices_##P)}
static const Kernels TABLE[2] = {KERNELS(f32), KERNELS(f64)};
#undef KERNELS
