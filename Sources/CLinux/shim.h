// What the Glibc module leaves out. Header only: the functions are the C library's own.
#pragma once
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/prctl.h>
#include <sys/file.h>
#include <malloc.h>

// prctl takes a variable number of arguments, which Swift cannot call.
static inline int advice_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
