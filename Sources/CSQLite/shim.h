// SQLite, and the one call that tells on which kind of file system a database would lie.
#pragma once
#include <sqlite3.h>
#include <sys/vfs.h>
