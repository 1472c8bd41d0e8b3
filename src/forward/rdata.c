/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/rdata.h"

#include "answer/rcode.h"

#define ANY (-1)

struct layout {
	int8_t before; /* bytes before the names */
	int8_t names;
	int8_t after; /* bytes after them, or ANY number */
};

static struct layout layout_of(uint16_t type)
{
	switch (type) {
	case 1: /* A */
		return (struct layout){4, 0, 0};
	case 28: /* AAAA */
		return (struct layout){16, 0, 0};
	case 2:  /* NS */
	case 3:  /* MD */
	case 4:  /* MF */
	case 5:  /* CNAME */
	case 7:  /* MB */
	case 8:  /* MG */
	case 9:  /* MR */
	case 12: /* PTR */
	case 39: /* DNAME */
		return (struct layout){0, 1, 0};
	case 6: /* SOA */
		return (struct layout){0, 2, 20};
	case 14: /* MINFO */
	case 17: /* RP */
	case 58: /* TALINK */
		return (struct layout){0, 2, 0};
	case 15:  /* MX */
	case 18:  /* AFSDB */
	case 21:  /* RT */
	case 36:  /* KX */
	case 107: /* LP */
		return (struct layout){2, 1, 0};
	case 26: /* PX */
		return (struct layout){2, 2, 0};
	case 33: /* SRV */
		return (struct layout){6, 1, 0};
	case 24: /* SIG */
	case 46: /* RRSIG */
		return (struct layout){18, 1, ANY};
	case 30: /* NXT */
	case 47: /* NSEC */
		return (struct layout){0, 1, ANY};
	case 64: /* SVCB */
	case 65: /* HTTPS */
		return (struct layout){2, 1, ANY};
	default:
		return (struct layout){0, 0, ANY};
	}
}

/* Order, preference and three strings before the name. */
static size_t naptr_name(const uint8_t *packet, size_t at, size_t end)
{
	at += 4;
	for (int i = 0; i < 3; i++) {
		if (at >= end)
			return end;
		at += 1u + packet[at];
	}
	return at;
}

bool rdata_check(struct names *names, uint16_t type, uint16_t class, size_t at, size_t end)
{
	struct layout layout = layout_of(type);

	if (class != CLASS_IN && !layout.names) /* an address of another kind */
		return true;
	if (type == 35) { /* NAPTR */
		at = naptr_name(names->packet, at, end);
		layout = (struct layout){0, 1, 0};
	}
	if (at > end || end - at < (size_t)layout.before)
		return false;
	at += (size_t)layout.before;
	for (int i = 0; i < layout.names; i++) {
		at = names_check(names, at, end);
		if (!at)
			return false;
	}
	return layout.after == ANY || end - at == (size_t)layout.after;
}
