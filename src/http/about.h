/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers: what this server is and how it is configured. */
#ifndef HTTP_ABOUT_H
#define HTTP_ABOUT_H

#include "http/request.h"

void http_get_version(struct http_request *request);
void http_get_config(struct http_request *request);

#endif
