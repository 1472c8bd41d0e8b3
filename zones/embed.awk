# SPDX-License-Identifier: Apache-2.0
# Makes the C source of zone/local.h's list: awk -v dir=ZONES -f embed.awk ZONES/local.list
function embed(file, line, id, got) {
	id = "file_" ++files
	printf "static const char %s[] =", id
	while ((got = (getline line < (dir "/" file))) > 0) {
		gsub(/\\/, "\\\\", line)
		gsub(/"/, "\\\"", line)
		printf "\n\t\"%s\\n\"", line
	}
	print ";"
	if (got < 0) {
		print "embed.awk: cannot read " dir "/" file > "/dev/stderr"
		failed = 1
	}
	return id
}

BEGIN {
	print "/* SPDX-License-Identifier: Apache-2.0 */"
	print "/* Made by zones/embed.awk. */"
	print "#include \"zone/local.h\"\n"
}

/^#/ || NF == 0 { next }

NF != 2 {
	print "embed.awk: " FILENAME ":" FNR ": ZONE FILE expected" > "/dev/stderr"
	failed = 1
	next
}

{
	if (!($2 in embedded))
		embedded[$2] = embed($2)
	zone[++zones] = "\t{\"" $1 "\", " embedded[$2] ", sizeof(" embedded[$2] ") - 1},"
}

END {
	print "\nconst struct local_zone local_zone_list[] = {"
	for (i = 1; i <= zones; i++)
		print zone[i]
	print "\t{NULL, NULL, 0},\n};"
	exit failed
}
