/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

const char *err_text(int code)
{
	switch (code) {
	case 0:
		return "no error";
	case ERR_NOMEM:
		return "out of memory";
	case ERR_LIMIT:
		return "limit exceeded";
	case ERR_FORMAT:
		return "malformed input";
	case ERR_RANGE:
		return "value out of range";
	case ERR_SYSTEM:
		return "system error";
	case ERR_NETWORK:
		return "network error";
	case ERR_NOTFOUND:
		return "not found";
	case ERR_EXISTS:
		return "exists already";
	}
	return "unknown error";
}
