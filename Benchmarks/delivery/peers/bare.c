// The floor: libcurl alone, driven by curl_multi_socket_action on one thread in epoll_wait, with the daemon's
// options, its guard's callbacks and its bookkeeping of answers. It is ../courier/bare.c for a list of URLs:
//     bare FOLDER CONCURRENCY one|many CA-BUNDLE
// FOLDER holds `urls` and `headers` by line, and `body`. Exits 1 where an answer was no 2xx.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BODY_LIMIT = 16384, HEADER_LIMIT = 32768, HEADERS = 16 };

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    size_t body_bytes, header_bytes;
};

static CURLM *multi;
static int epoll_set;
static int64_t deadline = INT64_MAX; // milliseconds, CLOCK_MONOTONIC
static bool many;
static int deliveries, sent, back, not_delivered;
static char **urls, *headers[HEADERS], *body;
static int header_count;
static size_t body_size;
static const char *bundle;

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    (void)bytes;
    (void)size;
    return (transfer->body_bytes += count) > BODY_LIMIT ? (size_t)-1 : count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    (void)bytes;
    (void)size;
    return (transfer->header_bytes += count) > HEADER_LIMIT ? (size_t)-1 : count;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    const struct sockaddr_in *v4 = (const void *)&address->addr;
    if (address->family != AF_INET || (ntohl(v4->sin_addr.s_addr) >> 24) != 127) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_prerequest(void *context, char *remote, char *local, int remote_port, int local_port) {
    (void)context;
    (void)local;
    (void)remote_port;
    (void)local_port;
    return strncmp(remote, "127.", 4) == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *socket_context) {
    (void)easy;
    (void)context;
    (void)socket_context;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll_set, EPOLL_CTL_DEL, descriptor, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = descriptor};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll_set, EPOLL_CTL_MOD, descriptor, &event))
        epoll_ctl(epoll_set, EPOLL_CTL_ADD, descriptor, &event);
    return 0;
}

static int on_timer(CURLM *handle, long milliseconds, void *context) {
    (void)handle;
    (void)context;
    deadline = milliseconds < 0 ? INT64_MAX : now_ms() + milliseconds;
    return 0;
}

static struct transfer *make(void) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    CURL *easy = transfer->easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prerequest);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 86400L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, 300L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    return transfer;
}

static void start(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    int number = sent++;
    char id[64];
    snprintf(id, sizeof id, "webhook-id: msg_%026d", number);
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
    for (int i = 0; i < header_count; i++) lines = curl_slist_append(lines, headers[i]);
    lines = curl_slist_append(lines, id);
    transfer->headers = lines;
    transfer->body_bytes = transfer->header_bytes = 0;
    curl_easy_setopt(easy, CURLOPT_URL, urls[number]);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, many ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, many ? 0L : 60L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, many ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_multi_add_handle(multi, easy);
}

static void reap(void) {
    int left;
    for (CURLMsg *done; (done = curl_multi_info_read(multi, &left));) {
        CURL *easy = done->easy_handle;
        struct transfer *transfer = NULL;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (status / 100 != 2) {
            not_delivered++;
            fprintf(stderr, "%d: %s\n", (int)status, curl_easy_strerror(done->data.result));
        }
        curl_multi_remove_handle(multi, easy);
        curl_slist_free_all(transfer->headers);
        transfer->headers = NULL;
        back++;
        if (sent < deliveries) {
            start(transfer);
        } else {
            curl_easy_cleanup(easy);
            free(transfer);
        }
    }
}

static void run(int concurrency) {
    struct epoll_event events[256];
    int running;
    for (int i = 0; i < concurrency && sent < deliveries; i++) start(make());
    while (back < deliveries) {
        int64_t wait = deadline == INT64_MAX ? -1 : deadline - now_ms();
        int count = epoll_wait(epoll_set, events, 256, wait < 0 && deadline != INT64_MAX ? 0 : (int)wait);
        for (int i = 0; i < count; i++) {
            int mask = 0;
            if (events[i].events & EPOLLIN) mask |= CURL_CSELECT_IN;
            if (events[i].events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
            if (events[i].events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
            curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
            reap();
        }
        if (deadline <= now_ms()) {
            deadline = INT64_MAX;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
            reap();
        }
    }
}

/// The whole file with a zero behind it; `size` without.
static char *contents(const char *folder, const char *name, size_t *size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) perror(path), exit(66);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(1, *size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != *size) perror(path), exit(66);
    fclose(file);
    return bytes;
}

int main(int count, char **arguments) {
    if (count != 5) return fputs("usage: bare FOLDER CONCURRENCY one|many CA-BUNDLE\n", stderr), 64;
    many = strcmp(arguments[3], "many") == 0;
    bundle = arguments[4];
    signal(SIGPIPE, SIG_IGN);
    size_t size;
    body = contents(arguments[1], "body", &body_size);
    for (char *line = strtok(contents(arguments[1], "headers", &size), "\n"); line; line = strtok(NULL, "\n"))
        if (header_count < HEADERS) headers[header_count++] = line;
    char *list = contents(arguments[1], "urls", &size);
    urls = calloc(size, sizeof *urls);
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) urls[deliveries++] = line;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    epoll_set = epoll_create1(EPOLL_CLOEXEC);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
    run(atoi(arguments[2]));
    curl_multi_cleanup(multi);
    return not_delivered ? 1 : 0;
}
