// The floor for courier-bench: libcurl alone, driven by curl_multi_socket_action on one thread in epoll_wait,
// with the same options, requests, answers' bookkeeping and figures.
//     bare many|one PORT DELIVERIES CONCURRENCY
// prints `rate CPU-us-per-delivery not-delivered`.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BODY = 1536, BODY_LIMIT = 16384, HEADER_LIMIT = 32768 };

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    size_t body_bytes, header_bytes;
};

static CURLM *multi;
static int epoll_set;
static int64_t deadline = INT64_MAX; // milliseconds, CLOCK_MONOTONIC
static bool many;
static int port, deliveries, sent, back, not_delivered;
static char body[BODY];

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
    curl_easy_setopt(easy, CURLOPT_CAINFO, "/etc/ssl/certs/ca-certificates.crt");
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
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
    char url[64], id[96];
    if (many)
        snprintf(url, sizeof url, "http://127.%d.%d.%d:%d/hook", 1 + number / 62500, number / 250 % 250,
                 1 + number % 250, port);
    else
        snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", port);
    snprintf(id, sizeof id, "webhook-id: msg_2KWPBgLlAfxdpx2AI54pPJ85f4W%d", number);
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    headers = curl_slist_append(headers, "content-type: application/json");
    headers = curl_slist_append(headers, "user-agent: advised/1.0 (+ops@example.org)");
    headers = curl_slist_append(headers, id);
    headers = curl_slist_append(headers, "webhook-timestamp: 1782997200");
    headers = curl_slist_append(
        headers, "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=");
    headers = curl_slist_append(headers, "webhook-attempt: 1");
    transfer->headers = headers;
    transfer->body_bytes = transfer->header_bytes = 0;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, many ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, many ? 0L : 60L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, many ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)BODY);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_multi_add_handle(multi, easy);
}

static void reap(void) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        CURL *easy = message->easy_handle;
        struct transfer *transfer = NULL;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(multi, easy);
        curl_slist_free_all(transfer->headers);
        transfer->headers = NULL;
        back++;
        if (status / 100 != 2) not_delivered++;
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

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1e6 +
           usage.ru_stime.tv_usec;
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: bare many|one PORT DELIVERIES CONCURRENCY\n"), 64;
    many = strcmp(arguments[1], "many") == 0;
    port = atoi(arguments[2]);
    deliveries = atoi(arguments[3]);
    signal(SIGPIPE, SIG_IGN);
    memset(body, 'x', sizeof body);
    double before = cpu_us();
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    epoll_set = epoll_create1(EPOLL_CLOEXEC);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
    run(atoi(arguments[4]));
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%d %f %d\n", (int)(deliveries / seconds), (cpu_us() - before) / deliveries, not_delivered);
    curl_multi_cleanup(multi);
    return 0;
}
