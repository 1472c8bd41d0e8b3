/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests reach a handler. */
#ifndef HTTP_ADMIT_H
#define HTTP_ADMIT_H

#include <stdbool.h>

struct MHD_Connection;
struct http_request;

/* Finds the request's route. false: the request was refused, and a reply says why. */
bool http_admit(struct http_request *request, const char *method, const char *version);
/* Does a body come with the request? */
bool http_has_body(struct MHD_Connection *mhd);
/* A line in the log, at debug. */
void http_log_request(const struct http_request *request, const char *method);

#endif
