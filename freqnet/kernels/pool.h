/* A thread pool whose threads take pieces of work from a shared counter.
 *
 * The caller takes pieces too. When none are left it waits only for threads that are inside a piece, not for threads
 * that have not woken up. This keeps the pool fast on a busy machine, where a thread may wait milliseconds for its
 * turn; a barrier over all threads, as in OpenMP, can take ten times as long as the work there.
 *
 * One call at a time uses the pool; a concurrent call (from another Python thread) runs on its own thread alone.
 * After a fork the child has no threads and starts its own when needed. */
#include <pthread.h>
#include <sched.h>

#define MOST_THREADS 256
/* Consecutive kernels start within microseconds of each other, and programs a tenth of a millisecond after each other
 * (Python prepares a step in between): spinning is cheaper than sleeping. */
#define SPINS 20000

typedef struct { Py_ssize_t next, count, grain; } Pieces;
/* The function that each thread runs: it takes pieces until none are left; it returns 0, or 1 if memory ran out. */
typedef int (*Body)(void *context, Pieces *pieces);

static struct {
    pthread_mutex_t taken, lock;
    pthread_cond_t work, done;
    int threads, wanted, inside, open, failed;
    unsigned long round;
    Body body;
    void *context;
    Pieces pieces;
} pool = {.taken = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

/* Take the next pieces, first .. last - 1; 0 when none are left. */
static int take(Pieces *pieces, Py_ssize_t *first, Py_ssize_t *last) {
    *first = __atomic_fetch_add(&pieces->next, pieces->grain, __ATOMIC_RELAXED);
    *last = MIN(*first + pieces->grain, pieces->count);
    return *first < pieces->count;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void *work(void *number) {
    unsigned long seen = 0;
    const int own = (int)(Py_ssize_t)number;
    for (;;) {
        for (int i = 0; i < SPINS && __atomic_load_n(&pool.round, __ATOMIC_ACQUIRE) == seen; i++) relax();
        pthread_mutex_lock(&pool.lock);
        while (pool.round == seen) pthread_cond_wait(&pool.work, &pool.lock);
        seen = pool.round;
        const int joins = pool.open && own < pool.wanted;
        if (joins) __atomic_add_fetch(&pool.inside, 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&pool.lock);
        if (!joins) continue;
        const int failed = pool.body(pool.context, &pool.pieces);
        pthread_mutex_lock(&pool.lock);
        pool.failed |= failed;
        if (__atomic_sub_fetch(&pool.inside, 1, __ATOMIC_RELEASE) == 0) pthread_cond_signal(&pool.done);
        pthread_mutex_unlock(&pool.lock);
    }
    return NULL;
}

/* Called in the child after a fork: only the calling thread exists there, and the locks may be held. */
static void forget_threads(void) {
    pthread_mutex_init(&pool.taken, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.work, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.threads = pool.inside = pool.open = 0;
}

static void hire(int threads) {
    pthread_attr_t detached;
    if (pthread_attr_init(&detached)) return;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (pool.threads < threads) {
        pthread_t made;
        if (pthread_create(&made, &detached, work, (void *)(Py_ssize_t)pool.threads)) break;
        pool.threads++;
    }
    pthread_attr_destroy(&detached);
}

/* Run body over count pieces with up to `threads` threads, including the caller. */
static int share(Body body, void *context, Py_ssize_t count, int threads) {
    threads = (int)MIN(MIN(threads, MOST_THREADS), count);
    if (threads < 2 || pthread_mutex_trylock(&pool.taken)) {
        Pieces all = {0, count, count};
        return body(context, &all);
    }
    hire(threads - 1);
    pthread_mutex_lock(&pool.lock);
    pool.body = body, pool.context = context, pool.failed = 0, pool.open = 1, pool.wanted = threads - 1;
    /* 8 portions per thread: a late thread still finds work, and taking a portion costs little beside its work. */
    pool.pieces = (Pieces){0, count, MAX(1, count / (8 * threads))};
    __atomic_add_fetch(&pool.round, 1, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    int failed = body(context, &pool.pieces);
    for (int i = 0; i < SPINS && __atomic_load_n(&pool.inside, __ATOMIC_ACQUIRE); i++) relax();
    pthread_mutex_lock(&pool.lock);
    pool.open = 0;
    while (pool.inside) pthread_cond_wait(&pool.done, &pool.lock);
    failed |= pool.failed;
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.taken);
    return failed;
}
