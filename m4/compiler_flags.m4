# SPDX-License-Identifier: Apache-2.0
# AX_COMPILER_FLAGS_MESOS_NAMED: the C standard and the warnings of the house, kept where the compiler knows them.
AC_DEFUN([AX_COMPILER_FLAGS_MESOS_NAMED], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make warnings errors])], [], [enable_werror=no])
  WARN_CFLAGS=
  mn_saved_cflags=$CFLAGS
  for mn_flag in -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
      -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 \
      -Wduplicated-cond -Wlogical-op -Wimplicit-fallthrough -Wcast-qual -Wno-unused-parameter; do
    CFLAGS="$mn_saved_cflags $mn_flag -Werror"
    AC_MSG_CHECKING([whether $CC knows $mn_flag])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $mn_flag"], [AC_MSG_RESULT([no])])
  done
  CFLAGS=$mn_saved_cflags
  # clang holds liburcu's list macros and functions that pass a format on against their users.
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#ifndef __clang__
#error gcc
#endif
]])], [WARN_CFLAGS="$WARN_CFLAGS -Wno-cast-qual -Wno-format-nonliteral"])
  AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])
