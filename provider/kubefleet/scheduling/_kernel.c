/* The innermost loops of the ledger, compiled: the same results as `least_allocated.py`, `nodes.py`, `rooms.py` and
 * `ledger.py` give, which are used where this was not built. Tests hold the two together.
 *
 * Arrays come as buffers of C order, checked by length only. Axes as in `nodes.py`: C clusters, G places for groups, R
 * resources, K kinds of nodes (the last stands for a place that is not taken: kind -1). Amounts are 64 bits wide and
 * bounded so that no product here leaves that.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef int64_t num;

#define MOST_PER_NODE ((num)1 << 30)
#define UNBOUNDED ((num)1 << 40)
#define NEVER ((num)1 << 30)
#define HIGHEST (NEVER >> FINE)
#define MANY_ROUNDS 4
#define SCORED 2
#define BLOCK 16
#define FINE 6 /* heights are in 64ths of a percent */
#define LINE 16 /* small numbers in a line of the cache */
#ifdef __GNUC__
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

typedef struct {
    num *counts, *free, *used, *whole;
    int32_t *kinds, *height;
    num clusters, groups, resources, known_kinds;
} Nodes;

typedef struct {
    const num *need;
    const uint8_t *accepts;
    const int32_t *loss;
} Size;

/* One cluster of the table. */
typedef struct {
    num *counts, *free;
    int32_t *kinds, *height;
    num stride;
} Row;

static Row row_of(const Nodes *nodes, num cluster)
{
    num at = cluster * nodes->groups;
    Row row = {nodes->counts + at, nodes->free + at, nodes->kinds + at, nodes->height + at,
               nodes->clusters * nodes->groups};
    return row;
}

static num kind_of(const Nodes *nodes, const Row *row, num group)
{
    num kind = row->kinds[group];
    return kind < 0 ? nodes->known_kinds - 1 : kind;
}

/* Score of LeastAllocated with some more pods on each node of a group; -1 where they do not fit. */
static int32_t score(const Nodes *nodes, const Row *row, const Size *size, num group, num pods)
{
    num total = 0, kind = kind_of(nodes, row, group);
    if (!size->accepts[kind])
        return -1;
    for (num r = nodes->resources - 1; r >= 0; r--) {
        num have = row->free[r * row->stride + group] - pods * size->need[r];
        if (have < 0 && size->need[r] > 0)
            return -1;
        if (r < SCORED)
            total += have * 100 / nodes->whole[r * nodes->known_kinds + kind];
    }
    return (int32_t)(total < HIGHEST ? total : HIGHEST);
}

static int32_t height_of(const Nodes *nodes, num kind, const num *free, num stride)
{
    num total = 0;
    for (num r = 0; r < SCORED; r++)
        total += free[r * stride] * (100 << FINE) / nodes->whole[r * nodes->known_kinds + kind];
    return (int32_t)(total < NEVER ? total : NEVER);
}

/* What is known of the groups of one cluster while pods of one size are laid there: the most that each can score with one
 * pod more, and whether that is what it scores (`exact`). Below 0 it takes none; so do the places that fill up the last
 * block. `top` is the most of each block: from pod to pod only one or two groups change. */
typedef struct {
    int32_t *most, *top;
    uint8_t *exact;
} Known;

static int32_t top_of(const int32_t *most)
{
    int32_t top = -1;
    for (int g = 0; g < BLOCK; g++)
        top = most[g] > top ? most[g] : top;
    return top;
}

static void know(const Known *known, num group, int32_t most, int exact)
{
    known->most[group] = most;
    known->exact[group] = (uint8_t)exact;
    known->top[group / BLOCK] = top_of(known->most + group / BLOCK * BLOCK);
}

/* What can be known without a look at free amounts: mostly it is the score. */
static int32_t at_most(const Row *row, const Size *size, num group)
{
    return (row->height[group] - size->loss[row->kinds[group]]) >> FINE;
}

static void begin(const Row *row, const Size *size, num used, const Known *known)
{
    num end = (used + BLOCK - 1) / BLOCK * BLOCK;
    for (num g = 0; g < used; g++)
        known->most[g] = at_most(row, size, g);
    for (num g = used; g < end; g++)
        known->most[g] = -1;
    for (num g = 0; g < end; g += BLOCK)
        known->top[g / BLOCK] = top_of(known->most + g);
    memset(known->exact, 0, (size_t)end);
}

/* The group that comes first: the highest score, of equals the first place; -1 where the pod fits none. Only what may come
 * first is scored: what a group scores is never above what it can. */
static num best_group(const Nodes *nodes, const Row *row, const Size *size, num used, const Known *known)
{
    num blocks = (used + BLOCK - 1) / BLOCK;
    for (;;) {
        int32_t top = -1;
        num block = 0, group;
        for (num b = 0; b < blocks; b++) {
            if (known->top[b] > top) {
                top = known->top[b];
                block = b;
            }
        }
        if (top < 0)
            return -1;
        for (group = block * BLOCK; known->most[group] != top; group++)
            ;
        if (known->exact[group])
            return group;
        /* Mostly it is the one that is asked for: then how many nodes it has is the next question. */
        FETCH(row->counts + group);
        know(known, group, score(nodes, row, size, group, 1), 1);
    }
}

/* How many pods in a row every node of a group gets before another group is better: at least 1, at most `limit`. */
static num rounds_of(const Nodes *nodes, const Row *row, const Size *size, num used, num group, const Known *known,
                     num limit)
{
    int32_t mine = known->most[group], than = 0;
    know(known, group, -1, 1);
    num low = 1, high = limit, other = best_group(nodes, row, size, used, known);
    know(known, group, mine, 1);
    if (other >= 0)
        than = known->most[other] + (other < group);
    while (low < high) {
        num middle = (low + high + 1) / 2;
        if (score(nodes, row, size, group, middle) >= than)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The first group of a kind that has this free; `used` where there is none. */
static num alike(const Nodes *nodes, const Row *row, num used, num kind, const num *free, int32_t height)
{
    for (num g = 0; g < used; g++) {
        num r = 0;
        if (row->height[g] != height || row->kinds[g] != kind)
            continue;
        while (r < nodes->resources && row->free[r * row->stride + g] == free[r])
            r++;
        if (r == nodes->resources)
            return g;
    }
    return used;
}

/* Lay pods on one cluster; gives what found no node. `full` is set where a place for a group is lacking: the same call
 * goes on once there are more. */
static num lay_on(Nodes *nodes, num cluster, const Size *size, num left, num *after, const Known *known, int *full)
{
    Row row = row_of(nodes, cluster);
    if (left > 0)
        begin(&row, size, nodes->used[cluster], known);
    while (left > 0) {
        num each = 1, used = nodes->used[cluster], group = best_group(nodes, &row, size, used, known);
        if (group < 0)
            break;
        num count = row.counts[group], kind = kind_of(nodes, &row, group);
        if (count <= left) {
            if (left >= MANY_ROUNDS * count)
                each = rounds_of(nodes, &row, size, used, group, known, left / count);
            for (num r = 0; r < nodes->resources; r++)
                row.free[r * row.stride + group] -= each * size->need[r];
            row.height[group] = height_of(nodes, kind, row.free + group, row.stride);
            know(known, group, at_most(&row, size, group), 0);
            left -= each * count;
            continue;
        }
        for (num r = 0; r < nodes->resources; r++)
            after[r] = row.free[r * row.stride + group] - size->need[r];
        int32_t height = height_of(nodes, kind, after, 1);
        num place = alike(nodes, &row, used, row.kinds[group], after, height);
        if (place == nodes->groups) {
            *full = 1;
            return left;
        }
        if (place == used) {
            for (num r = 0; r < nodes->resources; r++)
                row.free[r * row.stride + place] = after[r];
            row.kinds[place] = row.kinds[group];
            row.height[place] = height;
            row.counts[place] = 0;
            nodes->used[cluster]++;
        }
        row.counts[group] -= left;
        row.counts[place] += left;
        left = 0;
    }
    return left;
}

static num room_on(const Nodes *nodes, num cluster, const Size *size)
{
    Row row = row_of(nodes, cluster);
    num total = 0;
    for (num g = 0; g < nodes->used[cluster]; g++) {
        num room = MOST_PER_NODE;
        if (!size->accepts[kind_of(nodes, &row, g)])
            continue;
        for (num r = nodes->resources - 1; r >= 0; r--) {
            num have = row.free[r * row.stride + g];
            /* Most resources are not the scarcest one: dividing is what takes long. */
            if (size->need[r] > 0 && have < room * size->need[r])
                room = have / size->need[r];
        }
        total += room * row.counts[g];
    }
    return total >= MOST_PER_NODE ? UNBOUNDED : total;
}

static void release_all(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&views[i]);
}

static num length(const Py_buffer *view)
{
    return (num)(view->len / (Py_ssize_t)sizeof(num));
}

/* The table and the size from nine buffers; 0 where their lengths do not go together. */
static int read_all(const Py_buffer *v, Nodes *nodes, Size *size)
{
    nodes->kinds = v[0].buf, nodes->counts = v[1].buf, nodes->free = v[2].buf, nodes->used = v[3].buf;
    nodes->height = v[4].buf, nodes->whole = v[5].buf;
    size->need = v[6].buf, size->accepts = v[7].buf, size->loss = v[8].buf;
    nodes->clusters = length(&v[3]), nodes->resources = length(&v[6]), nodes->known_kinds = (num)v[7].len;
    nodes->groups = nodes->clusters ? length(&v[1]) / nodes->clusters : 0;
    num cells = nodes->clusters * nodes->groups;
    Py_ssize_t narrow = (Py_ssize_t)(cells * (num)sizeof(int32_t));
    return v[0].len == narrow && length(&v[1]) == cells && length(&v[2]) == cells * nodes->resources &&
           v[4].len == narrow && nodes->resources >= SCORED &&
           length(&v[5]) == SCORED * nodes->known_kinds && v[8].len == (Py_ssize_t)(nodes->known_kinds * 4);
}

static int all_within(const num *rows, num count, num clusters)
{
    for (num i = 0; i < count; i++)
        if (rows[i] < 0 || rows[i] >= clusters)
            return 0;
    return 1;
}

/* Have what is looked at first of a cluster at hand when its turn comes. */
static void fetch(const Nodes *nodes, num cluster)
{
    Row row = row_of(nodes, cluster);
    for (num g = 0; g < nodes->used[cluster]; g += LINE) {
        FETCH(row.kinds + g);
        FETCH(row.height + g);
    }
}

static PyObject *lay(PyObject *self, PyObject *args)
{
    Py_buffer v[11];
    Py_ssize_t first;
    Nodes nodes;
    Size size;
    Known known;
    num at, *after;
    int full = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "w*w*w*w*w*y*y*y*y*y*w*n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
                          &v[9], &v[10], &first))
        return NULL;
    num count = length(&v[9]), *rows = v[9].buf, *left = v[10].buf;
    if (!read_all(v, &nodes, &size) || length(&v[10]) != count || first < 0 ||
        !all_within(rows, count, nodes.clusters)) {
        release_all(v, 11);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    after = PyMem_Malloc((size_t)nodes.resources * sizeof(num));
    size_t blocks = (size_t)(nodes.groups / BLOCK + 1);
    known.most = PyMem_Malloc(blocks * BLOCK * sizeof(int32_t));
    known.top = PyMem_Malloc(blocks * sizeof(int32_t));
    known.exact = PyMem_Malloc(blocks * BLOCK);
    if (after == NULL || known.most == NULL || known.top == NULL || known.exact == NULL) {
        PyMem_Free(after);
        PyMem_Free(known.most);
        PyMem_Free(known.top);
        PyMem_Free(known.exact);
        release_all(v, 11);
        return PyErr_NoMemory();
    }
    for (at = (num)first; at < count; at++) {
        if (at + 1 < count)
            fetch(&nodes, rows[at + 1]);
        left[at] = lay_on(&nodes, rows[at], &size, left[at], after, &known, &full);
        if (full)
            break;
    }
    PyMem_Free(after);
    PyMem_Free(known.most);
    PyMem_Free(known.top);
    PyMem_Free(known.exact);
    release_all(v, 11);
    return PyLong_FromLongLong(at);
}

static PyObject *room(PyObject *self, PyObject *args)
{
    Py_buffer v[11];
    Nodes nodes;
    Size size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*y*y*w*", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
                          &v[9], &v[10]))
        return NULL;
    num count = length(&v[9]), *rows = v[9].buf, *out = v[10].buf;
    if (!read_all(v, &nodes, &size) || length(&v[10]) != count || !all_within(rows, count, nodes.clusters)) {
        release_all(v, 11);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    for (num at = 0; at < count; at++)
        out[at] = room_on(&nodes, rows[at], &size);
    release_all(v, 11);
    Py_RETURN_NONE;
}

/* Four at once: each comparison waits for the one before it. */
static num highest(const num *numbers, num count)
{
    num top[4] = {-1, -1, -1, -1};
    num whole = count / 4 * 4;
    for (num at = 0; at < whole; at += 4)
        for (num n = 0; n < 4; n++)
            top[n] = numbers[at + n] > top[n] ? numbers[at + n] : top[n];
    for (num at = whole; at < count; at++)
        top[0] = numbers[at] > top[0] ? numbers[at] : top[0];
    for (num n = 1; n < 4; n++)
        top[0] = top[n] > top[0] ? top[n] : top[0];
    return top[0];
}

/* The most of a resource that any node which accepts a size has free, by cluster; -1 where there is none: see
 * `Ledger.most_free`. Buffers: kinds, free of that resource (cluster x place), used, accepts; and the result. */
static PyObject *most(PyObject *self, PyObject *args)
{
    Py_buffer v[5];
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*", &v[0], &v[1], &v[2], &v[3], &v[4]))
        return NULL;
    num clusters = length(&v[2]), groups = clusters ? length(&v[1]) / clusters : 0;
    const int32_t *kinds = v[0].buf;
    const num *free = v[1].buf, *used = v[2].buf;
    const uint8_t *accepts = v[3].buf;
    num *out = v[4].buf;
    if (v[0].len != (Py_ssize_t)(clusters * groups * (num)sizeof(int32_t)) || length(&v[1]) != clusters * groups ||
        v[3].len == 0 || length(&v[4]) != clusters) {
        release_all(v, 5);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    /* The last kind is that of a place that is not taken. Most pods go to any node. */
    int picky = memchr(accepts, 0, (size_t)(v[3].len - 1)) != NULL;
    for (num c = 0; c < clusters; c++) {
        num found = -1;
        if (picky) {
            for (num g = c * groups; g < c * groups + used[c]; g++)
                found = accepts[kinds[g]] && free[g] > found ? free[g] : found;
        } else {
            found = highest(free + c * groups, used[c]);
        }
        out[c] = found;
    }
    release_all(v, 5);
    Py_RETURN_NONE;
}

/* Percentages that stay free, rounded half up: see `Ledger.share_free`. Buffers: free (resource x cluster), whole (the same
 * of the scored ones, shifted), best (by cluster), what is taken off each, shifted, by how many bits; and the result. */
static PyObject *shares(PyObject *self, PyObject *args)
{
    Py_buffer v[6];
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*w*", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]))
        return NULL;
    num count = length(&v[2]);
    const num *free = v[0].buf, *wholes = v[1].buf, *best = v[2].buf, *taken = v[3].buf, *bits = v[4].buf;
    int8_t *out = v[5].buf;
    if (length(&v[0]) < SCORED * count || length(&v[1]) != SCORED * count || length(&v[3]) != SCORED ||
        length(&v[4]) != SCORED || v[5].len != (Py_ssize_t)count) {
        release_all(v, 6);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    for (num i = 0; i < count; i++)
        out[i] = (int8_t)best[i];
    for (num r = 0; r < SCORED; r++) {
        for (num i = 0; i < count; i++) {
            num whole = wholes[r * count + i], left = (free[r * count + i] >> bits[r]) - taken[r];
            if (whole == 0)
                continue;
            left = left < 0 ? 0 : left < whole ? left : whole;
            num share = (200 * left + whole) / (2 * whole);
            if (share < out[i])
                out[i] = (int8_t)share;
        }
    }
    release_all(v, 6);
    Py_RETURN_NONE;
}

/* Pods of one size were laid on some clusters: see `Rooms.took`. Buffers: free (resource x cluster) and what it was when
 * losses were first counted, pods laid by cluster and the same then, clusters, need, pods; and the most that any cluster has
 * lost: by resource, and pods. */
static PyObject *took(PyObject *self, PyObject *args)
{
    Py_buffer v[8];
    (void)self;
    if (!PyArg_ParseTuple(args, "w*y*w*y*y*y*y*w*", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]))
        return NULL;
    num clusters = length(&v[2]), count = length(&v[4]), resources = length(&v[5]);
    num *free = v[0].buf, *laid = v[2].buf, *lost = v[7].buf;
    const num *began = v[1].buf, *before = v[3].buf, *rows = v[4].buf, *need = v[5].buf, *pods = v[6].buf;
    if (length(&v[0]) != resources * clusters || length(&v[1]) != resources * clusters || length(&v[3]) != clusters ||
        length(&v[6]) != count || length(&v[7]) != resources + 1 || !all_within(rows, count, clusters)) {
        release_all(v, 8);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    for (num at = 0; at < count; at++) {
        num i = rows[at];
        laid[i] += pods[at];
        lost[resources] = laid[i] - before[i] > lost[resources] ? laid[i] - before[i] : lost[resources];
    }
    for (num r = 0; r < resources; r++) {
        for (num at = 0; need[r] > 0 && at < count; at++) {
            num i = r * clusters + rows[at];
            free[i] -= need[r] * pods[at];
            lost[r] = began[i] - free[i] > lost[r] ? began[i] - free[i] : lost[r];
        }
    }
    release_all(v, 8);
    Py_RETURN_NONE;
}

/* The places of the highest totals, the best first; of equals the first: see `Picked.best`. Buffers: totals, places; and the
 * result, no longer than places. */
static PyObject *best(PyObject *self, PyObject *args)
{
    Py_buffer v[3];
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*", &v[0], &v[1], &v[2]))
        return NULL;
    num count = length(&v[1]), wanted = length(&v[2]), found = 0, *out = v[2].buf;
    const num *totals = v[0].buf, *places = v[1].buf;
    if (wanted > count || !all_within(places, count, length(&v[0]))) {
        release_all(v, 3);
        PyErr_SetString(PyExc_ValueError, "arrays that do not go together");
        return NULL;
    }
    for (num at = 0; at < count; at++) {
        num total = totals[places[at]], to = found;
        if (found == wanted && (wanted == 0 || totals[out[wanted - 1]] >= total))
            continue;
        if (found < wanted)
            found++;
        else
            to--;
        for (; to > 0 && totals[out[to - 1]] < total; to--)
            out[to] = out[to - 1];
        out[to] = places[at];
    }
    release_all(v, 3);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"lay", lay, METH_VARARGS, "Lay pods on clusters; gives how many of these are done before places ran out."},
    {"room", room, METH_VARARGS, "Count the pods of one size that clusters hold."},
    {"most", most, METH_VARARGS, "Find the most that any node of each cluster has free."},
    {"shares", shares, METH_VARARGS, "Percentages of cpu or memory that stay free."},
    {"took", took, METH_VARARGS, "Count what was laid as taken, and the most that any cluster has lost."},
    {"best", best, METH_VARARGS, "Find the places of the highest totals."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_kernel", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModule_Create(&module);
}
