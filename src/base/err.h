/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes of the whole program: functions that can fail return 0 or one of these. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_NOMEM = -1,    /* memory is exhausted */
	ERR_LIMIT = -2,    /* a limit of ours was passed */
	ERR_FORMAT = -3,   /* the input is not of the form it must have */
	ERR_RANGE = -4,    /* a value is outside its range */
	ERR_SYSTEM = -5,   /* the operating system refused: errno says why */
	ERR_NETWORK = -6,  /* a peer could not be reached, or went away */
	ERR_NOTFOUND = -7, /* there is no such thing */
	ERR_EXISTS = -8,   /* it is there already */
};

/* A short text for `code`; never NULL. */
const char *err_text(int code);

#endif
