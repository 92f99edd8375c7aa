/* Scoring and annealing of designs: the same numbers as evaluation.py, without arrays in between.

   Compiled by `python -m fmriplan build`, loaded by accelerator.py; nothing needs it. A trial of
   condition s whose stimulus begins at tick o adds added[s][phase] to the scans from ceil(o/step) on.
   y are whitened signals, g their projections on the whitened drift, m the information y y' - g g'. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t trials, conditions, scans, step, length, drifts, rows, depth;
    int64_t start, ticks; /* of the first stimulus; of the whole run */
    int64_t keeps_counts, longest_run, first, last; /* first, last: a condition, or -1 */
    double weight_of_first_scan, detection_scale;
    double counts_least, counts_most, order_least, order_most;
    double wish_detection, wish_counts, wish_order;
    const double *added, *drift, *contrasts, *shares;
    const int64_t *lasts, *shown, *rests;
    const uint8_t *forbidden; /* [before][after] */
} Plan;

typedef struct {
    int64_t *order, *wait, *onset, *count;
    int64_t *pairs; /* [back - 1][now][before] */
    double *y, *g, *m, *trial, *h, *work;
    double *kept_y, *kept_g, *kept_m;
    double wrong_counts, wrong_order;
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
static void place(const Plan *p, State *s) {
    int64_t at = p->start;
    for (int64_t k = 0; k < p->trials; k++) {
        at += s->wait[k];
        s->onset[k] = at + p->rests[k];
        at += p->lasts[s->order[k]];
    }
}

static int fits(const Plan *p, const State *s) {
    int64_t k = p->trials - 1;
    return s->onset[k] + p->shown[s->order[k]] <= p->ticks;
}

/* Write what trial k adds as condition c into v; return its first scan, and how many count. */
static int64_t taps(const Plan *p, int64_t onset, int64_t c, double *v, int64_t *scan) {
    int64_t from = (onset + p->step - 1) / p->step, phase = from * p->step - onset;
    int64_t n = p->scans - from < p->length ? p->scans - from : p->length;
    if (n < 0) n = 0;
    memcpy(v, p->added + (c * p->step + phase) * p->length, (size_t)n * sizeof(double));
    if (from == 0 && n > 0) v[0] *= p->weight_of_first_scan;
    *scan = from;
    return n;
}

static void add(const Plan *p, State *s, int64_t k, int64_t c, double sign) {
    int64_t scan, n = taps(p, s->onset[k], c, s->trial, &scan);
    double *y = s->y + c * p->scans + scan;
    for (int64_t i = 0; i < n; i++) y[i] += sign * s->trial[i];
}

static void information(const Plan *p, State *s) {
    int64_t S = p->conditions, T = p->scans, D = p->drifts;
    for (int64_t a = 0; a < S; a++)
        for (int64_t d = 0; d < D; d++) {
            const double *y = s->y + a * T, *q = p->drift + d * T;
            double sum = 0;
            for (int64_t t = 0; t < T; t++) sum += y[t] * q[t];
            s->g[a * D + d] = sum;
        }
    for (int64_t a = 0; a < S; a++)
        for (int64_t b = 0; b <= a; b++) {
            const double *y = s->y + a * T, *z = s->y + b * T;
            double sum = 0;
            for (int64_t t = 0; t < T; t++) sum += y[t] * z[t];
            for (int64_t d = 0; d < D; d++) sum -= s->g[a * D + d] * s->g[b * D + d];
            s->m[a * S + b] = s->m[b * S + a] = sum;
        }
}

static void signals(const Plan *p, State *s) {
    memset(s->y, 0, (size_t)(p->conditions * p->scans) * sizeof(double));
    for (int64_t k = 0; k < p->trials; k++) add(p, s, k, s->order[k], 1);
    information(p, s);
}

/* rows / trace(C M^-1 C') by a Cholesky factor; 0 where M tells too little. */
static double efficiency(const Plan *p, const double *m, double *work) {
    int64_t S = p->conditions;
    double *l = work, *x = work + S * S, total = 0, most = 0;
    for (int64_t a = 0; a < S; a++) if (m[a * S + a] > most) most = m[a * S + a];
    for (int64_t a = 0; a < S; a++)
        for (int64_t b = 0; b <= a; b++) {
            double sum = m[a * S + b];
            for (int64_t c = 0; c < b; c++) sum -= l[a * S + c] * l[b * S + c];
            if (a == b) {
                if (!(sum > most * 1e-10)) return 0;
                l[a * S + a] = sqrt(sum);
            } else l[a * S + b] = sum / l[b * S + b];
        }
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t a = 0; a < S; a++) {
            double sum = p->contrasts[r * S + a];
            for (int64_t c = 0; c < a; c++) sum -= l[a * S + c] * x[c];
            x[a] = sum / l[a * S + a];
            total += x[a] * x[a];
        }
    return (double)p->rows / total;
}

/* --- counts ------------------------------------------------------------------------------------ */
static double expected(const Plan *p, int64_t back, int64_t now, int64_t before) {
    return p->shares[now] * p->shares[before] * (double)(p->trials - back);
}

static void change_pair(const Plan *p, State *s, int64_t back, int64_t now, int64_t before, int by) {
    int64_t *n = s->pairs + ((back - 1) * p->conditions + now) * p->conditions + before;
    double e = expected(p, back, now, before);
    s->wrong_order -= fabs((double)*n - e);
    *n += by;
    s->wrong_order += fabs((double)*n - e);
}

static void count_trial(const Plan *p, State *s, int64_t k, int by) {
    for (int64_t r = 1; r <= p->depth; r++) {
        if (k >= r) change_pair(p, s, r, s->order[k], s->order[k - r], by);
        if (k + r < p->trials) change_pair(p, s, r, s->order[k + r], s->order[k], by);
    }
}

static void change_count(const Plan *p, State *s, int64_t c, int by) {
    double e = p->shares[c] * (double)p->trials;
    s->wrong_counts -= fabs((double)s->count[c] - e);
    s->count[c] += by;
    s->wrong_counts += fabs((double)s->count[c] - e);
}

static void count_all(const Plan *p, State *s) {
    int64_t S = p->conditions;
    memset(s->count, 0, (size_t)S * sizeof(int64_t));
    memset(s->pairs, 0, (size_t)(p->depth * S * S) * sizeof(int64_t));
    for (int64_t k = 0; k < p->trials; k++) {
        s->count[s->order[k]]++;
        for (int64_t r = 1; r <= p->depth && r <= k; r++)
            s->pairs[((r - 1) * S + s->order[k]) * S + s->order[k - r]]++;
    }
    s->wrong_counts = s->wrong_order = 0;
    for (int64_t a = 0; a < S; a++) {
        s->wrong_counts += fabs((double)s->count[a] - p->shares[a] * (double)p->trials);
        for (int64_t b = 0; b < S; b++)
            for (int64_t r = 1; r <= p->depth; r++)
                s->wrong_order += fabs((double)s->pairs[((r - 1) * S + a) * S + b] - expected(p, r, a, b));
    }
}

static double scaled(double wrong, double least, double most) {
    return most > least ? (most - wrong) / (most - least) : 1;
}

static double worth(const Plan *p, const State *s, double detection) {
    return p->wish_detection * detection / p->detection_scale
         + p->wish_counts * scaled(s->wrong_counts, p->counts_least, p->counts_most)
         + p->wish_order * scaled(s->wrong_order, p->order_least, p->order_most);
}

/* --- changes of one trial ---------------------------------------------------------------------- */
static double dot(const double *a, const double *b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Let trial k be of condition b: signals, projections and information follow by differences. */
static void relabel(const Plan *p, State *s, int64_t k, int64_t b) {
    int64_t S = p->conditions, T = p->scans, D = p->drifts, scan;
    int64_t of[2] = {s->order[k], b};
    for (int i = 0; i < 2; i++) {
        int64_t c = of[i], n = taps(p, s->onset[k], c, s->trial, &scan);
        double sign = i ? 1 : -1, *v = s->trial, *h = s->h;
        for (int64_t d = 0; d < D; d++) h[d] = dot(p->drift + d * T + scan, v, n);
        for (int64_t a = 0; a < S; a++) {
            double by = dot(s->y + a * T + scan, v, n) - dot(s->g + a * D, h, D);
            s->m[a * S + c] += sign * by;
            s->m[c * S + a] += sign * by;
        }
        s->m[c * S + c] += dot(v, v, n) - dot(h, h, D);
        for (int64_t t = 0; t < n; t++) s->y[c * T + scan + t] += sign * v[t];
        for (int64_t d = 0; d < D; d++) s->g[c * D + d] += sign * h[d];
    }
}

static void set_label(const Plan *p, State *s, int64_t k, int64_t b) {
    count_trial(p, s, k, -1);
    change_count(p, s, s->order[k], -1);
    s->order[k] = b;
    change_count(p, s, b, 1);
    count_trial(p, s, k, 1);
}

static int allowed_at(const Plan *p, const State *s, int64_t k) {
    int64_t S = p->conditions, n = p->trials, c = s->order[k], run = 1;
    if (k == 0 && p->first >= 0 && c != p->first) return 0;
    if (k == n - 1 && p->last >= 0 && c != p->last) return 0;
    if (p->forbidden) {
        if (k > 0 && p->forbidden[s->order[k - 1] * S + c]) return 0;
        if (k < n - 1 && p->forbidden[c * S + s->order[k + 1]]) return 0;
    }
    if (!p->longest_run) return 1;
    for (int64_t i = k - 1; i >= 0 && s->order[i] == c; i--) run++;
    for (int64_t i = k + 1; i < n && s->order[i] == c; i++) run++;
    return run <= p->longest_run;
}

/* --- from outside ------------------------------------------------------------------------------ */
static State *state(const Plan *p, int64_t *order, int64_t *wait) {
    int64_t S = p->conditions, T = p->scans, D = p->drifts, n = p->trials;
    size_t numbers = (size_t)(2 * S * T + 2 * S * D + 2 * S * S + p->length + D + S * S + S);
    size_t whole = (size_t)(n + S + p->depth * S * S);
    State *s = malloc(sizeof(State) + numbers * sizeof(double) + whole * sizeof(int64_t));
    if (!s) return NULL;
    double *d = (double *)(s + 1);
    s->y = d; d += S * T; s->kept_y = d; d += S * T;
    s->g = d; d += S * D; s->kept_g = d; d += S * D;
    s->m = d; d += S * S; s->kept_m = d; d += S * S;
    s->trial = d; d += p->length; s->h = d; d += D; s->work = d; d += S * S + S;
    int64_t *i = (int64_t *)d;
    s->onset = i; i += n; s->count = i; i += S; s->pairs = i;
    s->order = order; s->wait = wait;
    return s;
}

/* Detection of many designs; returns 0, or 1 where there is no memory. */
int detect(const Plan *p, int64_t designs, int64_t *orders, int64_t *waits, double *made) {
    State *s = state(p, orders, waits);
    if (!s) return 1;
    for (int64_t i = 0; i < designs; i++) {
        s->order = orders + i * p->trials;
        s->wait = waits + i * p->trials;
        place(p, s);
        signals(p, s);
        made[i] = fits(p, s) ? efficiency(p, s->m, s->work) : 0;
    }
    free(s);
    return 0;
}

static int equal_lengths(const Plan *p) {
    for (int64_t c = 1; c < p->conditions; c++) if (p->lasts[c] != p->lasts[0]) return 0;
    return 1;
}

static double worth_now(const Plan *p, const State *s) {
    return worth(p, s, fits(p, s) ? efficiency(p, s->m, s->work) : 0);
}

static double whole_worth(const Plan *p, State *s) {
    place(p, s);
    signals(p, s);
    return worth_now(p, s);
}

static void keep(const Plan *p, State *s) {
    memcpy(s->kept_m, s->m, (size_t)(p->conditions * p->conditions) * sizeof(double));
    memcpy(s->kept_g, s->g, (size_t)(p->conditions * p->drifts) * sizeof(double));
}

static void give_back(const Plan *p, State *s) {
    memcpy(s->m, s->kept_m, (size_t)(p->conditions * p->conditions) * sizeof(double));
    memcpy(s->g, s->kept_g, (size_t)(p->conditions * p->drifts) * sizeof(double));
}

typedef struct { Random random; double heat, now; int stays; } Search;

static int takes(Search *w, double then) {
    return then >= w->now || share(&w->random) < exp((then - w->now) / w->heat);
}

/* Give trial k condition b, and trial l (unless it is -1) condition a. */
static void put_labels(const Plan *p, State *s, int stays, int64_t k, int64_t b, int64_t l, int64_t a) {
    if (stays) relabel(p, s, k, b);
    set_label(p, s, k, b);
    if (l < 0) return;
    if (stays) relabel(p, s, l, a);
    set_label(p, s, l, a);
}

/* Change one label or swap two; return whether the design is another one now. */
static int try_labels(const Plan *p, State *s, Search *w) {
    int64_t k = below(&w->random, p->trials), l = -1, a = s->order[k], b;
    if (p->keeps_counts || share(&w->random) < 0.5) {
        l = below(&w->random, p->trials);
        b = s->order[l];
        if (a == b) return 0;
    } else {
        b = below(&w->random, p->conditions - 1);
        b += b >= a;
    }
    double wrong_counts = s->wrong_counts, wrong_order = s->wrong_order, then = -HUGE_VAL;
    keep(p, s);
    put_labels(p, s, w->stays, k, b, l, a);
    if (allowed_at(p, s, k) && (l < 0 || allowed_at(p, s, l)))
        then = w->stays ? worth_now(p, s) : whole_worth(p, s);
    if (takes(w, then)) { w->now = then; return 1; }
    put_labels(p, s, w->stays, k, a, l, b);
    s->wrong_counts = wrong_counts;
    s->wrong_order = wrong_order;
    if (w->stays) give_back(p, s);
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

static int try_waits(const Plan *p, State *s, Search *w) {
    int64_t k = 1 + below(&w->random, p->trials - 1), l = 1 + below(&w->random, p->trials - 1);
    int64_t from = k < l ? k : l, to = k < l ? l : k;
    size_t size = (size_t)(p->conditions * p->scans) * sizeof(double);
    if (s->wait[from] == s->wait[to]) return 0;
    keep(p, s);
    memcpy(s->kept_y, s->y, size);
    for (int64_t i = from; i < to; i++) add(p, s, i, s->order[i], -1);
    swap_waits(s, from, to);
    for (int64_t i = from; i < to; i++) add(p, s, i, s->order[i], 1);
    information(p, s);
    double then = worth_now(p, s);
    if (takes(w, then)) { w->now = then; return 1; }
    swap_waits(s, from, to);
    memcpy(s->y, s->kept_y, size);
    give_back(p, s);
    return 0;
}

/* Anneal a design in place, the temperature falling geometrically from hot to cold. made: the worth
   of the best so far, which is replaced together with best_order and best_wait when it is beaten; then
   the moves that were taken. Returns 0, or 1 without memory. */
int anneal(const Plan *p, int64_t *order, int64_t *wait, int64_t *best_order, int64_t *best_wait,
           uint64_t seed, int64_t moves, double hot, double cold, double wait_moves, double *made) {
    State *s = state(p, order, wait);
    if (!s) return 1;
    Search w = {.heat = hot, .stays = equal_lengths(p)};
    double cooling = moves > 1 ? pow(cold / hot, 1.0 / (double)(moves - 1)) : 1;
    size_t size = (size_t)p->trials * sizeof(int64_t);
    int64_t taken = 0;
    seed_random(&w.random, seed);
    count_all(p, s);
    w.now = whole_worth(p, s);
    for (int64_t move = 0; move <= moves; move++, w.heat *= cooling) {
        if (!(made[0] >= w.now)) {
            made[0] = w.now;
            memcpy(best_order, order, size);
            memcpy(best_wait, wait, size);
        }
        if (move == moves) break;
        int waits = p->trials > 2 && share(&w.random) < wait_moves;
        if (waits ? !try_waits(p, s, &w) : !try_labels(p, s, &w)) continue;
        if (++taken % 1024) continue;
        count_all(p, s); /* what rounding has gathered ends here */
        w.now = whole_worth(p, s);
    }
    made[1] = (double)taken;
    free(s);
    return 0;
}
