/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka and the headers that it wants before itself. */
#ifndef T_UNIT_UNIT_H
#define T_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
