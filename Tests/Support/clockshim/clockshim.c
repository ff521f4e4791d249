// Gives one program a wall clock of its own, which a test sets while it runs: for LD_PRELOAD.
//
// The control file in $ADVISED_CLOCKSHIM says how far CLOCK_REALTIME and CLOCK_BOOTTIME are off, and what
// adjtimex says. From then on the program lives by those clocks: what it reads, what its timerfds wait for,
// and that TFD_TIMER_CANCEL_ON_SET tells of a step and of a resume, as Linux does it (fs/timerfd.c).
//
// A step is realtime alone. A suspend is both clocks together: CLOCK_MONOTONIC stands still in it.
//
// Not covered: what libc asks of itself (its own calls are bound already), clock_nanosleep, and timers of
// CLOCK_REALTIME with an interval, which count anew after a step. Times of files stay the machine's.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum { second = 1000000000, poll_nanoseconds = 5000000, most_timers = 64 };

// MARK: The control file

// What adjtimex answers.
enum { sync_refused = -1, sync_real = 0, sync_synchronized = 1, sync_unsynchronized = 2 };

// Four words of 64 bits, as the test writes them; offsets in nanoseconds.
struct control {
    _Atomic int64_t realtime;
    _Atomic int64_t boottime;
    _Atomic int64_t sync;
    // Odd while the others are being written.
    _Atomic int64_t generation;
};

struct offsets {
    int64_t realtime;
    int64_t boottime;
    int64_t sync;
};

static struct control *control;

static struct offsets offsets(void) {
    struct offsets found = {0, 0, sync_real};
    if (!control) return found;
    int64_t before, after;
    do {
        before = atomic_load(&control->generation);
        found.realtime = atomic_load(&control->realtime);
        found.boottime = atomic_load(&control->boottime);
        found.sync = atomic_load(&control->sync);
        after = atomic_load(&control->generation);
    } while (before != after || before & 1);
    return found;
}

static int64_t offset_of(clockid_t clock, struct offsets by) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        return by.realtime;
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return by.boottime;
    default:
        return 0;
    }
}

static struct timespec shifted(struct timespec time, int64_t nanoseconds) {
    time.tv_sec += nanoseconds / second;
    time.tv_nsec += nanoseconds % second;
    if (time.tv_nsec < 0) {
        time.tv_nsec += second;
        time.tv_sec -= 1;
    } else if (time.tv_nsec >= second) {
        time.tv_nsec -= second;
        time.tv_sec += 1;
    }
    return time;
}

// MARK: Reading the clocks

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (syscall(SYS_clock_gettime, clock, time) != 0) return -1;
    int64_t offset = offset_of(clock, offsets());
    if (offset != 0) *time = shifted(*time, offset);
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    if (zone) memset(zone, 0, sizeof(struct timezone));
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int clock_adjtime(clockid_t clock, struct timex *request) {
    int64_t sync = offsets().sync;
    if (sync == sync_real) return (int)syscall(SYS_clock_adjtime, clock, request);
    if (sync == sync_refused || request->modes != 0) {
        errno = EPERM;
        return -1;
    }
    bool synchronized = sync == sync_synchronized;
    memset(request, 0, sizeof *request);
    request->status = synchronized ? STA_PLL : STA_UNSYNC;
    request->maxerror = synchronized ? 20000 : 16000000;
    request->esterror = request->maxerror;
    struct timespec now;
    clock_gettime(clock, &now);
    request->time.tv_sec = now.tv_sec;
    request->time.tv_usec = now.tv_nsec / 1000;
    return synchronized ? TIME_OK : TIME_ERROR;
}

int adjtimex(struct timex *request) { return clock_adjtime(CLOCK_REALTIME, request); }
int ntp_adjtime(struct timex *request) { return clock_adjtime(CLOCK_REALTIME, request); }

// MARK: Timers

struct timer {
    // -1 where the place is free. Read without the lock, by the read and close of all descriptors.
    _Atomic int descriptor;
    clockid_t clock;
    int flags;
    // As the program asked for it, by its own clock.
    struct itimerspec asked;
    // The clock was set since the last read.
    bool is_cancelled;
};

static struct timer timers[most_timers];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct timer *timer_of(int descriptor) {
    if (!control || descriptor < 0) return NULL;
    for (int i = 0; i < most_timers; i++)
        if (atomic_load(&timers[i].descriptor) == descriptor) return &timers[i];
    return NULL;
}

static bool is_armed(const struct timespec *time) { return time->tv_sec != 0 || time->tv_nsec != 0; }

static bool tells_of_steps(const struct timer *timer) {
    int both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    bool is_wall = timer->clock == CLOCK_REALTIME || timer->clock == CLOCK_REALTIME_ALARM;
    return is_wall && (timer->flags & both) == both && is_armed(&timer->asked.it_value);
}

// Sets the kernel's timer so that it ends when the program's clock shows what was asked for.
static int program(struct timer *timer, struct itimerspec *old) {
    struct itimerspec real = timer->asked;
    // Beyond this the time is meant never to come, and would overflow.
    bool is_instant = real.it_value.tv_sec < (int64_t)1 << 40;
    if (timer->flags & TFD_TIMER_ABSTIME && is_armed(&real.it_value) && is_instant) {
        real.it_value = shifted(real.it_value, -offset_of(timer->clock, offsets()));
        // Before the epoch is refused, and zero would disarm.
        if (real.it_value.tv_sec < 0 || !is_armed(&real.it_value)) real.it_value = (struct timespec){0, 1};
    }
    return (int)syscall(SYS_timerfd_settime, atomic_load(&timer->descriptor), timer->flags, &real, old);
}

// Makes it readable: read says ECANCELED.
static void cancel(struct timer *timer) {
    struct itimerspec now = {.it_value = {0, 1}};
    timer->is_cancelled = true;
    syscall(SYS_timerfd_settime, atomic_load(&timer->descriptor), TFD_TIMER_ABSTIME, &now, NULL);
}

// One that has ended stays so: setting it again would take back what nobody has read yet.
static bool is_waiting(const struct timer *timer) {
    struct itimerspec left = {0};
    syscall(SYS_timerfd_gettime, atomic_load(&timer->descriptor), &left);
    return is_armed(&left.it_value);
}

static void clock_was_set(struct offsets from, struct offsets to) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < most_timers; i++) {
        struct timer *timer = &timers[i];
        if (atomic_load(&timer->descriptor) < 0 || !(timer->flags & TFD_TIMER_ABSTIME)) continue;
        if (offset_of(timer->clock, from) == offset_of(timer->clock, to)) continue;
        if (tells_of_steps(timer))
            cancel(timer);
        else if (is_waiting(timer))
            program(timer, NULL);
    }
    pthread_mutex_unlock(&lock);
}

int timerfd_create(clockid_t clock, int flags) {
    int descriptor = (int)syscall(SYS_timerfd_create, clock, flags);
    if (descriptor < 0 || !control || clock == CLOCK_MONOTONIC) return descriptor;
    pthread_mutex_lock(&lock);
    struct timer *place = NULL;
    for (int i = 0; i < most_timers && !place; i++)
        if (atomic_load(&timers[i].descriptor) < 0) place = &timers[i];
    if (!place) {
        fputs("clockshim: too many timers\n", stderr);
        abort();
    }
    place->clock = clock;
    place->flags = 0;
    place->asked = (struct itimerspec){0};
    place->is_cancelled = false;
    atomic_store(&place->descriptor, descriptor);
    pthread_mutex_unlock(&lock);
    return descriptor;
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *new, struct itimerspec *old) {
    struct timer *timer = timer_of(descriptor);
    if (!timer) return (int)syscall(SYS_timerfd_settime, descriptor, flags, new, old);
    pthread_mutex_lock(&lock);
    timer->flags = flags;
    timer->asked = *new;
    bool was_cancelled = timer->is_cancelled;
    timer->is_cancelled = false;
    int result = program(timer, old);
    int error = errno;
    // The kernel arms it all the same, and has told of the step by this.
    if (result == 0 && was_cancelled && tells_of_steps(timer)) {
        result = -1;
        error = ECANCELED;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

ssize_t read(int descriptor, void *buffer, size_t count) {
    struct timer *timer = timer_of(descriptor);
    if (timer) {
        pthread_mutex_lock(&lock);
        bool was_cancelled = timer->is_cancelled;
        timer->is_cancelled = false;
        // Goes on as it was asked for, and with that what made it readable is gone.
        if (was_cancelled) program(timer, NULL);
        pthread_mutex_unlock(&lock);
        if (was_cancelled) {
            errno = ECANCELED;
            return -1;
        }
    }
    return syscall(SYS_read, descriptor, buffer, count);
}

int close(int descriptor) {
    struct timer *timer = timer_of(descriptor);
    if (timer) {
        pthread_mutex_lock(&lock);
        atomic_store(&timer->descriptor, -1);
        pthread_mutex_unlock(&lock);
    }
    return (int)syscall(SYS_close, descriptor);
}

// MARK: Waiting until a time of CLOCK_REALTIME

// libdispatch's idle threads wait so. What is no time of day (1e9 is 2001) is of another clock.
static struct timespec real_deadline(const struct timespec *deadline) {
    if (deadline->tv_sec < second) return *deadline;
    return shifted(*deadline, -offsets().realtime);
}

// The version is named: pthread_cond_timedwait has an older one of another layout.
static void *libc_function(const char *name, const char *version) {
    void *found = dlvsym(RTLD_NEXT, name, version);
    return found ? found : dlsym(RTLD_NEXT, name);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    static int (*_Atomic next)(sem_t *, const struct timespec *);
    if (!next) next = libc_function("sem_timedwait", "GLIBC_2.34");
    struct timespec real = real_deadline(deadline);
    return next(semaphore, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*_Atomic next)(pthread_mutex_t *, const struct timespec *);
    if (!next) next = libc_function("pthread_mutex_timedlock", "GLIBC_2.34");
    struct timespec real = real_deadline(deadline);
    return next(mutex, &real);
}

int pthread_cond_timedwait(
    pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*_Atomic next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!next) next = libc_function("pthread_cond_timedwait", "GLIBC_2.3.2");
    struct timespec real = real_deadline(deadline);
    return next(condition, mutex, &real);
}

// MARK: Start

static void *watch(void *first) {
    struct offsets applied = *(struct offsets *)first;
    free(first);
    for (;;) {
        nanosleep(&(struct timespec){0, poll_nanoseconds}, NULL);
        struct offsets current = offsets();
        clock_was_set(applied, current);
        applied = current;
    }
    return NULL;
}

// A test that went on by the machine's clock would prove nothing.
static void give_up(const char *what) {
    fprintf(stderr, "clockshim: %s: %s\n", what, strerror(errno));
    _exit(127);
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("ADVISED_CLOCKSHIM");
    if (!path) return;
    for (int i = 0; i < most_timers; i++) atomic_store(&timers[i].descriptor, -1);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) give_up(path);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) give_up("mmap");
    close(descriptor);
    control = mapped;

    struct offsets *first = malloc(sizeof *first);
    if (!first) give_up("malloc");
    *first = offsets();
    // No signal may end up in this thread: the program awaits them in threads of its own.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, watch, first);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        errno = error;
        give_up("pthread_create");
    }
    pthread_detach(thread);
}
