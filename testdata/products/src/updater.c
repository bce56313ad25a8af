// Reads the head of an update and refuses one that is older than what runs. Written for the test dossiers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct head {
	char magic[8];
	char version[24];
	char sha256[72];
};

static int parse(FILE *f, struct head *h) {
	char line[160];
	if (!fgets(line, sizeof line, f))
		return -1;
	return sscanf(line, "%7s %23s %71s", h->magic, h->version, h->sha256) == 3 ? 0 : -1;
}

static long number(const char *v) {
	char part[24];
	long n = 0;
	strncpy(part, v, sizeof part - 1);
	part[sizeof part - 1] = 0;
	for (char *p = strtok(part, "."); p; p = strtok(NULL, "."))
		n = n * 1000 + strtol(p, NULL, 10);
	return n;
}

int main(int argc, char **argv) {
	struct head h;
	char msg[128];
	if (argc < 3) {
		fputs("usage: updater RUNNING-VERSION FILE\n", stderr);
		return 2;
	}
	FILE *f = fopen(argv[2], "r");
	if (!f || parse(f, &h) != 0 || strcmp(h.magic, "UPDATE1") != 0) {
		fputs("updater: this is no update\n", stderr);
		return 1;
	}
	if (number(h.version) <= number(argv[1])) {
		snprintf(msg, sizeof msg, "updater: %s is not newer than %s", h.version, argv[1]);
		puts(msg);
		return 1;
	}
	printf("updater: %s may be installed after its signature was checked, hash %.8s\n", h.version, h.sha256);
	return 0;
}
