/* Scoring and annealing of designs: the same numbers as evaluation.py, without arrays in between.

   Compiled by `python -m fmriplan build`, loaded by accelerator.py; nothing needs it. A piece of a
   trial whose stimulus is at tick o adds added[piece][phase] to the scans from ceil(o/step) + skip on.
   y are whitened signals, g their projections on each run's whitened drift, m the information
   y y' - g g'. A run's scans and ticks follow those of the run before; nothing reaches over. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { /* one assumed response and noise */
    int64_t columns, length, drifts, rows, one_shape; /* one_shape: all pieces add the same */
    double weight_of_first_scan, wish, scale;
    const double *added, *drift, *contrasts;
    const int64_t *first, *column, *skip; /* pieces of condition c: first[c] to before first[c + 1] */
} Model;

typedef struct {
    int64_t trials, conditions, scans, step, depth, runs, run_trials, run_scans, start, run_ticks;
    int64_t models, worst; /* of the first `worst` models, the least worth counts, once */
    int64_t keeps_counts, longest_run, first, last, apart; /* keeps_counts: 1 in all, 2 in each run */
    double counts_least, counts_most, order_least, order_most;
    double wish_detection, wish_counts, wish_order;
    const double *shares;
    const int64_t *lasts, *shown, *rests, *exact, *least; /* least: wait, by [before][after] */
    const uint8_t *forbidden;                             /* [before][after] */
    const Model *model;
} Plan;

typedef struct { double *y, *g, *m, *kept_y, *kept_g, *kept_m; } Told;

typedef struct {
    int64_t *order, *wait, *onset, *count;
    int64_t *pairs; /* [back - 1][now][before] */
    double *expected; /* [back - 1][now][before] */
    double *h, *work;
    double wrong_counts, wrong_order;
    Told told[];
} State;

/* --- random numbers: xoshiro256**, Blackman & Vigna (2021), seeded by splitmix64 ---------------- */
typedef struct { uint64_t s[4]; } Random;

static uint64_t turn(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static void seed_random(Random *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t next(Random *r) {
    uint64_t *s = r->s, made = turn(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = turn(s[3], 45);
    return made;
}

static double share(Random *r) { return (double)(next(r) >> 11) * 0x1.0p-53; }
static int64_t below(Random *r, int64_t n) { return (int64_t)(share(r) * (double)n); }

/* --- signals --------------------------------------------------------------------------------- */
static double dot(const double *restrict a, const double *restrict b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add_to(double *restrict a, const double *restrict b, double sign, int64_t n) {
    for (int64_t i = 0; i < n; i++) a[i] += sign * b[i];
}

static void place(const Plan *p, State *s) {
    for (int64_t r = 0, k = 0; r < p->runs; r++) {
        int64_t at = r * p->run_ticks + p->start;
        for (int64_t end = k + p->run_trials; k < end; k++) {
            at += s->wait[k];
            s->onset[k] = at + p->rests[k];
            at += p->lasts[s->order[k]];
        }
    }
}

static int fits(const Plan *p, const State *s) {
    for (int64_t r = 1; r <= p->runs; r++) {
        int64_t k = r * p->run_trials - 1;
        if (s->onset[k] + p->shown[s->order[k]] > r * p->run_ticks) return 0;
    }
    return 1;
}

/* Where a piece begins, how many of its scans count, and what it adds there. A run's first scan has
   a weight of its own, for which h + drifts has room. */
typedef struct { int64_t scan, inside, n; const double *v; } Taps;

static Taps taps(const Plan *p, const Model *q, double *room, int64_t run, int64_t onset, int64_t piece) {
    int64_t from = (onset + p->step - 1) / p->step, phase = from * p->step - onset;
    Taps t = {.scan = from + q->skip[piece]};
    t.inside = t.scan - run * p->run_scans;
    int64_t left = p->run_scans - t.inside;
    t.n = left < q->length ? (left > 0 ? left : 0) : q->length;
    t.v = q->added + (piece * p->step + phase) * q->length;
    if (t.inside == 0 && t.n > 0) {
        memcpy(room, t.v, (size_t)t.n * sizeof(double));
        room[0] *= q->weight_of_first_scan;
        t.v = room;
    }
    return t;
}

/* Add what trial k as condition c adds to the signals, or take it away. */
static void add_trial(const Plan *p, State *s, int64_t k, int64_t c, double sign) {
    for (int64_t i = 0; i < p->models; i++) {
        const Model *q = p->model + i;
        for (int64_t piece = q->first[c]; piece < q->first[c + 1]; piece++) {
            Taps t = taps(p, q, s->h + q->drifts, k / p->run_trials, s->onset[k], piece);
            add_to(s->told[i].y + q->column[piece] * p->scans + t.scan, t.v, sign, t.n);
        }
    }
}

/* Add what scans from..to of one run tell: y y' to m, and the projections to g. */
static void look(const Plan *p, const Model *q, Told *w, int64_t run, int64_t from, int64_t to, double sign) {
    int64_t K = q->columns, D = q->drifts, n = to - from, at = run * p->run_scans + from;
    for (int64_t a = 0; a < K; a++) {
        const double *y = w->y + a * p->scans + at;
        double *g = w->g + (a * p->runs + run) * D;
        for (int64_t d = 0; d < D; d++) g[d] += sign * dot(y, q->drift + d * p->run_scans + from, n);
        for (int64_t b = 0; b <= a; b++) w->m[a * K + b] += sign * dot(y, w->y + b * p->scans + at, n);
    }
}

/* Add the projections' share of the information, of one run. */
static void project(const Plan *p, const Model *q, Told *w, int64_t run, double sign) {
    int64_t K = q->columns, D = q->drifts;
    for (int64_t a = 0; a < K; a++)
        for (int64_t b = 0; b <= a; b++)
            w->m[a * K + b] += sign * dot(w->g + (a * p->runs + run) * D, w->g + (b * p->runs + run) * D, D);
}

static void mirror(const Model *q, double *m) {
    for (int64_t a = 0; a < q->columns; a++)
        for (int64_t b = 0; b < a; b++) m[b * q->columns + a] = m[a * q->columns + b];
}

static void signals(const Plan *p, State *s) {
    for (int64_t i = 0; i < p->models; i++)
        memset(s->told[i].y, 0, (size_t)(p->model[i].columns * p->scans) * sizeof(double));
    for (int64_t k = 0; k < p->trials; k++) add_trial(p, s, k, s->order[k], 1);
    for (int64_t i = 0; i < p->models; i++) {
        const Model *q = p->model + i;
        Told *w = s->told + i;
        memset(w->m, 0, (size_t)(q->columns * q->columns) * sizeof(double));
        memset(w->g, 0, (size_t)(q->columns * p->runs * q->drifts) * sizeof(double));
        for (int64_t r = 0; r < p->runs; r++) {
            look(p, q, w, r, 0, p->run_scans, 1);
            project(p, q, w, r, -1);
        }
        mirror(q, w->m);
    }
}

/* rows / trace(C M^-1 C') by a Cholesky factor; 0 where M tells too little. */
static double efficiency(const Model *q, const double *m, double *work) {
    int64_t K = q->columns;
    double *l = work, *x = work + K * K, total = 0, most = 0;
    for (int64_t a = 0; a < K; a++) if (m[a * K + a] > most) most = m[a * K + a];
    for (int64_t a = 0; a < K; a++)
        for (int64_t b = 0; b <= a; b++) {
            double sum = m[a * K + b] - dot(l + a * K, l + b * K, b);
            if (a == b) {
                if (!(sum > most * 1e-10)) return 0;
                l[a * K + a] = 1 / sqrt(sum);
            } else l[a * K + b] = sum * l[b * K + b];
        }
    for (int64_t r = 0; r < q->rows; r++) {
        const double *c = q->contrasts + r * K;
        int64_t from = 0;
        while (from < K && c[from] == 0) from++;
        for (int64_t a = from; a < K; a++) {
            x[a] = (c[a] - dot(l + a * K + from, x + from, a - from)) * l[a * K + a];
            total += x[a] * x[a];
        }
    }
    return (double)q->rows / total;
}

/* --- counts ------------------------------------------------------------------------------------ */
static void change_pair(const Plan *p, State *s, int64_t back, int64_t now, int64_t before, int by) {
    int64_t at = ((back - 1) * p->conditions + now) * p->conditions + before;
    double away = (double)s->pairs[at] - s->expected[at];
    s->pairs[at] += by;
    s->wrong_order += fabs(away + by) - fabs(away);
}

static void count_trial(const Plan *p, State *s, int64_t k, int by) {
    int64_t in = k % p->run_trials;
    for (int64_t r = 1; r <= p->depth; r++) {
        if (in >= r) change_pair(p, s, r, s->order[k], s->order[k - r], by);
        if (in + r < p->run_trials) change_pair(p, s, r, s->order[k + r], s->order[k], by);
    }
}

static void change_count(const Plan *p, State *s, int64_t c, int by) {
    double away = (double)s->count[c] - p->shares[c] * (double)p->trials;
    s->count[c] += by;
    s->wrong_counts += fabs(away + by) - fabs(away);
}

static void count_all(const Plan *p, State *s) {
    int64_t S = p->conditions;
    memset(s->count, 0, (size_t)S * sizeof(int64_t));
    memset(s->pairs, 0, (size_t)(p->depth * S * S) * sizeof(int64_t));
    for (int64_t k = 0; k < p->trials; k++) {
        s->count[s->order[k]]++;
        for (int64_t r = 1; r <= p->depth && r <= k % p->run_trials; r++)
            s->pairs[((r - 1) * S + s->order[k]) * S + s->order[k - r]]++;
    }
    s->wrong_counts = s->wrong_order = 0;
    for (int64_t a = 0; a < S; a++)
        s->wrong_counts += fabs((double)s->count[a] - p->shares[a] * (double)p->trials);
    for (int64_t i = 0; i < p->depth * S * S; i++)
        s->wrong_order += fabs((double)s->pairs[i] - s->expected[i]);
}

static double scaled(double wrong, double least, double most) {
    return most > least ? (most - wrong) / (most - least) : 1;
}

/* --- rules ------------------------------------------------------------------------------------- */
static int follows(const Plan *p, const State *s, int64_t k) {
    int64_t at = s->order[k - 1] * p->conditions + s->order[k];
    return !(p->forbidden && p->forbidden[at]) && !(p->least && s->wait[k] < p->least[at]);
}

static int allowed_at(const Plan *p, const State *s, int64_t k) {
    int64_t n = p->run_trials, in = k % n, c = s->order[k], run = 1;
    const int64_t *o = s->order + k - in;
    if (in == 0 ? p->first >= 0 && c != p->first : !follows(p, s, k)) return 0;
    if (in == n - 1 ? p->last >= 0 && c != p->last : !follows(p, s, k + 1)) return 0;
    for (int64_t r = 1; r <= p->apart; r++)
        if ((in >= r && o[in - r] == c) || (in + r < n && o[in + r] == c)) return 0;
    if (!p->longest_run) return 1;
    for (int64_t i = in - 1; i >= 0 && o[i] == c; i--) run++;
    for (int64_t i = in + 1; i < n && o[i] == c; i++) run++;
    return run <= p->longest_run;
}

static int counts_are_exact(const Plan *p, const State *s, int64_t *count) {
    int64_t groups = p->keeps_counts == 2 ? p->runs : 1, size = p->trials / groups;
    for (int64_t g = 0; p->keeps_counts && g < groups; g++) {
        memset(count, 0, (size_t)p->conditions * sizeof(int64_t));
        for (int64_t k = g * size; k < (g + 1) * size; k++) count[s->order[k]]++;
        if (memcmp(count, p->exact, (size_t)p->conditions * sizeof(int64_t))) return 0;
    }
    return 1;
}

static int keeps_rules(const Plan *p, State *s) {
    if (!counts_are_exact(p, s, s->count)) return 0;
    for (int64_t k = 0; k < p->trials; k++) if (!allowed_at(p, s, k)) return 0;
    return 1;
}

/* --- worth ------------------------------------------------------------------------------------- */
static double worth_now(const Plan *p, const State *s) {
    double made = p->wish_counts * scaled(s->wrong_counts, p->counts_least, p->counts_most)
                + p->wish_order * scaled(s->wrong_order, p->order_least, p->order_most);
    if (!fits(p, s)) return made;
    double worst = HUGE_VAL;
    for (int64_t i = 0; i < p->models; i++) {
        const Model *q = p->model + i;
        double told = efficiency(q, s->told[i].m, s->work) / q->scale;
        if (i >= p->worst) made += q->wish * told;
        else if (told < worst) worst = told;
    }
    return p->worst ? made + p->wish_detection * worst : made;
}

static double whole_worth(const Plan *p, State *s) {
    place(p, s);
    signals(p, s);
    return worth_now(p, s);
}

/* --- changes of one trial ---------------------------------------------------------------------- */
/* Where all pieces add the same, what one condition loses the other gets: the products are shared. */
static void relabel_shared(const Plan *p, State *s, int64_t i, int64_t k, int64_t a, int64_t b) {
    const Model *q = p->model + i;
    Told *w = s->told + i;
    int64_t K = q->columns, D = q->drifts, run = k / p->run_trials;
    int64_t ca = q->column[q->first[a]], cb = q->column[q->first[b]];
    double *h = s->h, *by = s->work;
    Taps t = taps(p, q, h + D, run, s->onset[k], q->first[a]);
    for (int64_t d = 0; d < D; d++) h[d] = dot(q->drift + d * p->run_scans + t.inside, t.v, t.n);
    for (int64_t x = 0; x < K; x++)
        by[x] = dot(w->y + x * p->scans + t.scan, t.v, t.n) - dot(w->g + (x * p->runs + run) * D, h, D);
    double self = dot(t.v, t.v, t.n) - dot(h, h, D), between = w->m[ca * K + cb] + by[ca] - by[cb] - self;
    double of_a = w->m[ca * K + ca] - 2 * by[ca] + self, of_b = w->m[cb * K + cb] + 2 * by[cb] + self;
    for (int64_t x = 0; x < K; x++) {
        w->m[ca * K + x] -= by[x]; w->m[x * K + ca] = w->m[ca * K + x];
        w->m[cb * K + x] += by[x]; w->m[x * K + cb] = w->m[cb * K + x];
    }
    w->m[ca * K + ca] = of_a;
    w->m[cb * K + cb] = of_b;
    w->m[ca * K + cb] = w->m[cb * K + ca] = between;
    add_to(w->y + ca * p->scans + t.scan, t.v, -1, t.n);
    add_to(w->y + cb * p->scans + t.scan, t.v, 1, t.n);
    add_to(w->g + (ca * p->runs + run) * D, h, -1, D);
    add_to(w->g + (cb * p->runs + run) * D, h, 1, D);
}

static void change_piece(const Plan *p, State *s, int64_t i, int64_t k, int64_t piece, double sign) {
    const Model *q = p->model + i;
    Told *w = s->told + i;
    int64_t K = q->columns, D = q->drifts, run = k / p->run_trials, c = q->column[piece];
    double *h = s->h;
    Taps t = taps(p, q, h + D, run, s->onset[k], piece);
    if (!t.n) return;
    for (int64_t d = 0; d < D; d++) h[d] = dot(q->drift + d * p->run_scans + t.inside, t.v, t.n);
    for (int64_t x = 0; x < K; x++) {
        double by = dot(w->y + x * p->scans + t.scan, t.v, t.n) - dot(w->g + (x * p->runs + run) * D, h, D);
        w->m[x * K + c] += sign * by;
        w->m[c * K + x] += sign * by;
    }
    w->m[c * K + c] += dot(t.v, t.v, t.n) - dot(h, h, D);
    add_to(w->y + c * p->scans + t.scan, t.v, sign, t.n);
    add_to(w->g + (c * p->runs + run) * D, h, sign, D);
}

/* Let trial k be of condition b and no longer a: all that is told follows by differences. */
static void relabel(const Plan *p, State *s, int64_t k, int64_t a, int64_t b) {
    for (int64_t i = 0; i < p->models; i++) {
        const int64_t *first = p->model[i].first;
        if (p->model[i].one_shape) { relabel_shared(p, s, i, k, a, b); continue; }
        for (int64_t piece = first[a]; piece < first[a + 1]; piece++) change_piece(p, s, i, k, piece, -1);
        for (int64_t piece = first[b]; piece < first[b + 1]; piece++) change_piece(p, s, i, k, piece, 1);
    }
}

static void set_label(const Plan *p, State *s, int64_t k, int64_t b) {
    count_trial(p, s, k, -1);
    change_count(p, s, s->order[k], -1);
    s->order[k] = b;
    change_count(p, s, b, 1);
    count_trial(p, s, k, 1);
}

/* --- from outside ------------------------------------------------------------------------------ */
typedef struct { int64_t y, g, m; } Sizes;

static Sizes sizes(const Plan *p, int64_t i) {
    const Model *q = p->model + i;
    return (Sizes){q->columns * p->scans, q->columns * p->runs * q->drifts, q->columns * q->columns};
}

static State *state(const Plan *p, int64_t *order, int64_t *wait) {
    int64_t S = p->conditions, pairs = p->depth * S * S, room = 0, work = 0, numbers = 0;
    for (int64_t i = 0; i < p->models; i++) {
        const Model *q = p->model + i;
        Sizes z = sizes(p, i);
        numbers += 2 * (z.y + z.g + z.m);
        if (q->drifts + q->length > room) room = q->drifts + q->length;
        if (z.m + q->columns > work) work = z.m + q->columns;
    }
    size_t head = sizeof(State) + (size_t)p->models * sizeof(Told);
    size_t size = head + (size_t)(numbers + room + work + pairs) * sizeof(double)
                + (size_t)(p->trials + S + pairs) * sizeof(int64_t);
    State *s = malloc(size);
    if (!s) return NULL;
    double *d = (double *)((char *)s + head);
    for (int64_t i = 0; i < p->models; i++) {
        Told *w = s->told + i;
        Sizes z = sizes(p, i);
        w->y = d; d += z.y; w->kept_y = d; d += z.y;
        w->g = d; d += z.g; w->kept_g = d; d += z.g;
        w->m = d; d += z.m; w->kept_m = d; d += z.m;
    }
    s->h = d; d += room; s->work = d; d += work; s->expected = d; d += pairs;
    int64_t *n = (int64_t *)d;
    s->onset = n; n += p->trials; s->count = n; n += S; s->pairs = n;
    s->order = order; s->wait = wait;
    for (int64_t r = 1, i = 0; r <= p->depth; r++)
        for (int64_t a = 0; a < S; a++)
            for (int64_t b = 0; b < S; b++)
                s->expected[i++] = p->shares[a] * p->shares[b] * (double)(p->trials - r * p->runs);
    return s;
}

/* Detection of many designs by the first model; returns 0, or 1 where there is no memory. */
int detect(const Plan *p, int64_t designs, int64_t *orders, int64_t *waits, double *made) {
    State *s = state(p, orders, waits);
    if (!s) return 1;
    for (int64_t i = 0; i < designs; i++) {
        s->order = orders + i * p->trials;
        s->wait = waits + i * p->trials;
        place(p, s);
        signals(p, s);
        made[i] = fits(p, s) ? efficiency(p->model, s->told[0].m, s->work) : 0;
    }
    free(s);
    return 0;
}

/* What many designs are worth; minus infinity where one breaks a rule. */
int judge(const Plan *p, int64_t designs, int64_t *orders, int64_t *waits, double *made) {
    State *s = state(p, orders, waits);
    if (!s) return 1;
    for (int64_t i = 0; i < designs; i++) {
        s->order = orders + i * p->trials;
        s->wait = waits + i * p->trials;
        made[i] = -HUGE_VAL;
        if (!keeps_rules(p, s)) continue;
        count_all(p, s);
        made[i] = whole_worth(p, s);
    }
    free(s);
    return 0;
}

/* --- annealing --------------------------------------------------------------------------------- */
static int equal_lengths(const Plan *p) {
    for (int64_t c = 1; c < p->conditions; c++) if (p->lasts[c] != p->lasts[0]) return 0;
    return 1;
}

static void keep(const Plan *p, State *s) {
    for (int64_t i = 0; i < p->models; i++) {
        Sizes z = sizes(p, i);
        memcpy(s->told[i].kept_m, s->told[i].m, (size_t)z.m * sizeof(double));
        memcpy(s->told[i].kept_g, s->told[i].g, (size_t)z.g * sizeof(double));
    }
}

static void give_back(const Plan *p, State *s) {
    for (int64_t i = 0; i < p->models; i++) {
        Sizes z = sizes(p, i);
        memcpy(s->told[i].m, s->told[i].kept_m, (size_t)z.m * sizeof(double));
        memcpy(s->told[i].g, s->told[i].kept_g, (size_t)z.g * sizeof(double));
    }
}

typedef struct { Random random; double heat, now; int stays; } Search;

static int takes(Search *w, double then) {
    return then >= w->now || share(&w->random) < exp((then - w->now) / w->heat);
}

/* Give trial k condition b and, unless l is -1, trial l condition a. */
static void set_labels(const Plan *p, State *s, int64_t k, int64_t b, int64_t l, int64_t a) {
    set_label(p, s, k, b);
    if (l >= 0) set_label(p, s, l, a);
}

/* Take the signals of trials k and l back to what they were before a change from a to b. */
static void unadd(const Plan *p, State *s, int64_t k, int64_t a, int64_t b, int64_t l) {
    add_trial(p, s, k, b, -1);
    add_trial(p, s, k, a, 1);
    if (l < 0) return;
    add_trial(p, s, l, a, -1);
    add_trial(p, s, l, b, 1);
}

static double after_labels(const Plan *p, State *s, Search *w, int64_t k, int64_t a, int64_t b, int64_t l) {
    if (!w->stays) return whole_worth(p, s);
    keep(p, s);
    relabel(p, s, k, a, b);
    if (l >= 0) relabel(p, s, l, b, a);
    return worth_now(p, s);
}

/* Change one label or swap two; return whether the design is another one now. */
static int try_labels(const Plan *p, State *s, Search *w) {
    int64_t k = below(&w->random, p->trials), l = -1, a = s->order[k], b;
    if (p->keeps_counts || share(&w->random) < 0.5) {
        int64_t n = p->run_trials;
        l = p->keeps_counts == 2 ? k / n * n + below(&w->random, n) : below(&w->random, p->trials);
        b = s->order[l];
        if (a == b) return 0;
    } else {
        b = below(&w->random, p->conditions - 1);
        b += b >= a;
    }
    double wrong_counts = s->wrong_counts, wrong_order = s->wrong_order;
    set_labels(p, s, k, b, l, a);
    int allowed = allowed_at(p, s, k) && (l < 0 || allowed_at(p, s, l));
    if (allowed) {
        double then = after_labels(p, s, w, k, a, b, l);
        if (takes(w, then)) { w->now = then; return 1; }
    }
    set_labels(p, s, k, a, l, b);
    s->wrong_counts = wrong_counts;
    s->wrong_order = wrong_order;
    if (!allowed) return 0;
    if (w->stays) { unadd(p, s, k, a, b, l); give_back(p, s); }
    else { place(p, s); signals(p, s); }
    return 0;
}

/* Swap two waits; everything between them moves by their difference. */
static void swap_waits(State *s, int64_t from, int64_t to) {
    int64_t w = s->wait[from];
    s->wait[from] = s->wait[to];
    s->wait[to] = w;
    for (int64_t i = from; i < to; i++) s->onset[i] += s->wait[from] - w;
}

static int64_t reach(const Plan *p, int64_t i) {
    int64_t most = 0;
    const Model *q = p->model + i;
    for (int64_t piece = 0; piece < q->first[p->conditions]; piece++)
        if (q->skip[piece] > most) most = q->skip[piece];
    return most + q->length;
}

/* Take away, or add again, what the scans tell that trials between two waits reach. */
static void look_between(const Plan *p, State *s, int64_t run, const int64_t *window, double sign) {
    for (int64_t i = 0; i < p->models; i++) {
        const Model *q = p->model + i;
        int64_t to = window[1] + reach(p, i);
        if (to > p->run_scans) to = p->run_scans;
        if (sign < 0) project(p, q, s->told + i, run, 1);
        look(p, q, s->told + i, run, window[0], to, sign);
        if (sign > 0) { project(p, q, s->told + i, run, -1); mirror(q, s->told[i].m); }
    }
}

static void copy_signals(const Plan *p, State *s, int64_t run, int back) {
    size_t size = (size_t)p->run_scans * sizeof(double);
    for (int64_t i = 0; i < p->models; i++)
        for (int64_t c = 0; c < p->model[i].columns; c++) {
            int64_t at = c * p->scans + run * p->run_scans;
            double *y = s->told[i].y + at, *kept = s->told[i].kept_y + at;
            if (back) memcpy(y, kept, size); else memcpy(kept, y, size);
        }
}

static int waits_are_long_enough(const Plan *p, const State *s, int64_t from, int64_t to) {
    return !p->least || (follows(p, s, from) && follows(p, s, to));
}

/* A run has at least three trials here: its first wait is always 0, and two others are swapped. */
static int try_waits(const Plan *p, State *s, Search *w) {
    int64_t n = p->run_trials, run = below(&w->random, p->runs), base = run * n;
    int64_t k = base + 1 + below(&w->random, n - 1), l = base + 1 + below(&w->random, n - 1);
    int64_t from = k < l ? k : l, to = k < l ? l : k, by = s->wait[to] - s->wait[from];
    if (!by) return 0;
    int64_t first = s->onset[from] + (by < 0 ? by : 0), last = s->onset[to - 1] + (by > 0 ? by : 0);
    int64_t window[2] = {first / p->step - run * p->run_scans, last / p->step + 1 - run * p->run_scans};
    swap_waits(s, from, to);
    int allowed = waits_are_long_enough(p, s, from, to);
    swap_waits(s, from, to);
    if (!allowed) return 0;
    keep(p, s);
    copy_signals(p, s, run, 0);
    look_between(p, s, run, window, -1);
    for (int64_t i = from; i < to; i++) add_trial(p, s, i, s->order[i], -1);
    swap_waits(s, from, to);
    for (int64_t i = from; i < to; i++) add_trial(p, s, i, s->order[i], 1);
    look_between(p, s, run, window, 1);
    double then = worth_now(p, s);
    if (takes(w, then)) { w->now = then; return 1; }
    swap_waits(s, from, to);
    copy_signals(p, s, run, 1);
    give_back(p, s);
    return 0;
}

/* Anneal a design in place, the temperature falling geometrically from hot to cold. made: the worth
   of the best so far, which is replaced together with best_order and best_wait when it is beaten; how
   many moves were taken; how many were tried since the best was found. The search ends when those are
   more than patience, unless that is 0. Returns 0, or 1 without memory. */
int anneal(const Plan *p, int64_t *order, int64_t *wait, int64_t *best_order, int64_t *best_wait,
           uint64_t seed, int64_t moves, double hot, double cold, double wait_moves, int64_t patience,
           double *made) {
    State *s = state(p, order, wait);
    if (!s) return 1;
    Search w = {.heat = hot, .stays = equal_lengths(p)};
    double cooling = moves > 1 ? pow(cold / hot, 1.0 / (double)(moves - 1)) : 1;
    size_t size = (size_t)p->trials * sizeof(int64_t);
    int64_t taken = 0, since = (int64_t)made[2];
    seed_random(&w.random, seed);
    count_all(p, s);
    w.now = whole_worth(p, s);
    for (int64_t move = 0; move <= moves; move++, since++, w.heat *= cooling) {
        if (!(made[0] >= w.now)) {
            if (!(made[0] >= w.now - 1e-12)) since = 0;
            made[0] = w.now;
            memcpy(best_order, order, size);
            memcpy(best_wait, wait, size);
        }
        if (move == moves || (patience && since > patience)) break;
        int waits = p->run_trials > 2 && share(&w.random) < wait_moves;
        taken += waits ? try_waits(p, s, &w) : try_labels(p, s, &w);
        if ((move + 1) % 4096) continue;
        count_all(p, s); /* what rounding has gathered ends here */
        w.now = whole_worth(p, s);
    }
    made[1] = (double)taken;
    made[2] = (double)since;
    free(s);
    return 0;
}
