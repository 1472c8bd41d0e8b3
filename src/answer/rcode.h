/* SPDX-License-Identifier: Apache-2.0 */
/* What the IANA registries call response codes, opcodes, classes and EDNS options, as far as the answers need
 * them. */
#ifndef ANSWER_RCODE_H
#define ANSWER_RCODE_H

enum {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, /* needs an OPT record (RFC 6891, section 6.1.3) */
};

enum {
	CLASS_IN = 1,
	CLASS_CH = 3,
};

enum {
	EDNS_OPTION_NSID = 3, /* RFC 5001 */
};

#endif
