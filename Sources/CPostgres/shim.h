// libpq, PostgreSQL's client library. Debian keeps its header in a folder of its own.
#pragma once
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
