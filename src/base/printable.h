/* SPDX-License-Identifier: Apache-2.0 */
/* Texts from outside (names, values, error messages) in messages of ours. */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

/* Puts `?` for what could start another line of a log or steer a terminal: control characters, those above U+007F
 * included (ECMA-48, section 5.3), and bytes that are no UTF-8 (RFC 3629, section 4). `text` ends with a NUL. */
void printable_make(char *text);

#endif
