/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

int main(void)
{
	return siphash_init() ? 1 : 0;
}
