// libcurl for Swift, and the epoll calls that the Glibc module leaves out. Header only.
//
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt take variable arguments, which Swift does not
// import: each setter below stands for one type of argument.
#pragma once
#include <curl/curl.h>
#include <sys/epoll.h>

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/// libcurl copies the string, save for POSTFIELDS.
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_headers(CURL *easy, struct curl_slist *_Nullable headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

/// libcurl makes a copy of the bytes; NULL for none.
static inline CURLcode ccurl_set_copied(
    CURL *easy, CURLoption option, const void *_Nullable bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, bytes ? &blob : NULL);
}

static inline CURLcode ccurl_set_names(CURL *easy, struct curl_slist *_Nullable names) {
    return curl_easy_setopt(easy, CURLOPT_RESOLVE, names);
}

/// For WRITEFUNCTION and HEADERFUNCTION, which share a type.
static inline CURLcode ccurl_set_receiver(
    CURL *easy, CURLoption option, curl_write_callback _Nonnull function) {
    return curl_easy_setopt(easy, option, function);
}

static inline CURLcode ccurl_set_open_socket(CURL *easy, curl_opensocket_callback _Nonnull function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

static inline CURLcode ccurl_set_prerequest(CURL *easy, curl_prereq_callback _Nonnull function) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode ccurl_get_offset(CURL *easy, CURLINFO info, curl_off_t *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline void *_Nullable ccurl_get_private(CURL *easy) {
    char *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_socket_watcher(
    CURLM *multi, curl_socket_callback _Nullable function, void *_Nullable context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
    return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context) : code;
}

static inline CURLMcode ccurl_multi_set_timer_watcher(
    CURLM *multi, curl_multi_timer_callback _Nullable function, void *_Nullable context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
    return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context) : code;
}
