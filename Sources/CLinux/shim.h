// What the Glibc module leaves out. Header only: the functions are the C library's own.
#pragma once
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/prctl.h>
#include <sys/file.h>
