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
static const Kernels TABLE[2] = {
    {SET(product_f32), SET(channels_f32), SET(pairs_f32), SET(inner_f32), SET(combine_f32),
     SET(door_f32), SET(gemm_f32), SET(response_f32), SET(moments_f32), SET(compose_f32),
     SET(compose_adjoint_f32), SET(softmax_f32), SET(scatter_f32), SET(column_sums_f32), SET(running_f32),
     SET(plus_row_f32), SET(planes_f32),
     SET(interleave_f32), SET(accumulate_f32), SET(relu_f32),
     SET(adam_f32), SET(extremes_f32),
     SET(bilinear_f32), SET(node_combine_f32), SET(node_sums_f32),
     SET(matrices_f32)},
    {SET(product_f64), SET(channels_f64), SET(pairs_f64), SET(inner_f64), SET(combine_f64),
     SET(door_f64), SET(gemm_f64), SET(response_f64), SET(moments_f64), SET(compose_f64),
     SET(compose_adjoint_f64), SET(softmax_f64), SET(scatter_f64), SET(column_sums_f64), SET(running_f64),
     SET(plus_row_f64), SET(planes_f64),
     SET(interleave_f64), SET(accumulate_f64), SET(relu_f64),
     SET(adam_f64), SET(extremes_f64),
     SET(bilinear_f64), SET(node_combine_f64), SET(node_sums_f64),
     SET(matrices_f64)}};
